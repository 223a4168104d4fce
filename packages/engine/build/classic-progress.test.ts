import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BuildEvent, type PlannedInstruction, StepError, StepFailure } from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { type Digest, hostPlatform } from '@gantry/oci'
import type { ProgressMessage } from '../contracts.ts'
import { classicError, classicRefusal } from './classic-errors.ts'
import { type ClassicOptions, ClassicProgress, type KnownStates } from './classic-progress.ts'

const planned = (source: string, changes: Partial<PlannedInstruction> = {}): PlannedInstruction => ({
  source,
  instruction: source.split(' ')[0] ?? '',
  triggered: false,
  endsStage: false,
  ...changes,
})

/** A state whose id is the digit, repeated. */
const state = (index: number, digit: string): BuildEvent => ({
  type: 'state',
  index,
  id: `sha256:${digit.repeat(64)}` as Digest,
  config: { ...hostPlatform(), config: {}, diffIds: [`sha256:${'f'.repeat(64)}`], history: [{}] },
})
const step = (id: number, name: string): BuildEvent => ({ type: 'step', id, name, started: new Date() })
const end = (id: number, cached: boolean): BuildEvent => ({ type: 'end', id, cached })
const log = (id: number, stream: 'stdout' | 'stderr', text: string): BuildEvent => ({
  type: 'log',
  id,
  stream,
  data: Buffer.from(text),
})

function states(): KnownStates {
  const ids = new Set<string>()
  return {
    has: (id) => ids.has(id),
    note: (id) => ids.size < ids.add(id).size,
  }
}

function progress(changes: Partial<ClassicOptions> = {}, known = states()) {
  const told: ProgressMessage[] = []
  const options = { quiet: false, remove: true, forceRemove: false, noCache: false, ...changes }
  const classic = new ClassicProgress((message) => told.push(message), known, options)
  const text = () =>
    told
      .map(({ stream, error }) => stream ?? error ?? '')
      .join('')
      .replace(/(Running in|container) [0-9a-f]{12}/g, '$1 C')
  return { classic, told, text }
}

test('every instruction is told, steps that run early wait for their turn', () => {
  const { classic, told, text } = progress()
  const instructions = [
    planned('ARG BASE'),
    planned('FROM a'),
    planned('ENV A=1'),
    planned('RUN x', { step: 'x' }),
    planned('COPY f /', { step: 'copy', endsStage: true }),
  ]
  const events: BuildEvent[] = [
    { type: 'plan', instructions },
    step(1, 'copy'),
    end(1, true),
    state(1, 'a'),
    state(2, 'b'),
    step(2, 'x'),
    log(2, 'stdout', 'out\n'),
    log(2, 'stderr', 'err\n'),
    end(2, false),
    state(3, 'c'),
    state(4, 'd'),
    { type: 'unused-arguments', names: ['NOPE', 'OTHER'] },
  ]
  for (const event of events) classic.event(event)
  classic.done(`sha256:${'d'.repeat(64)}`, ['x:1'])
  assert.equal(
    text(),
    [
      'Step 1/5 : ARG BASE',
      'Step 2/5 : FROM a',
      ' ---> aaaaaaaaaaaa',
      'Step 3/5 : ENV A=1',
      ' ---> Running in C',
      'Removing intermediate container C',
      ' ---> bbbbbbbbbbbb',
      'Step 4/5 : RUN x',
      ' ---> Running in C',
      'out',
      '\u001b[91merr\n\u001b[0mRemoving intermediate container C',
      ' ---> cccccccccccc',
      'Step 5/5 : COPY f /',
      ' ---> Using cache',
      ' ---> dddddddddddd',
      '[Warning] One or more build-args [NOPE OTHER] were not consumed',
      'Successfully built dddddddddddd',
      'Successfully tagged x:1',
      '',
    ].join('\n'),
  )
  const ids = told.flatMap(({ aux }) => (aux ? [aux] : []))
  assert.deepEqual(ids, [{ ID: `sha256:${'d'.repeat(64)}` }])
})

test('an image that is another one than the last result is told of', () => {
  const { classic, told } = progress()
  classic.event({ type: 'plan', instructions: [planned('FROM a', { endsStage: true })] })
  classic.event(state(0, 'a'))
  classic.done(`sha256:${'b'.repeat(64)}`, [])
  const ids = told.flatMap(({ aux }) => (aux ? [aux] : []))
  assert.deepEqual(ids, [{ ID: `sha256:${'a'.repeat(64)}` }, { ID: `sha256:${'b'.repeat(64)}` }])
})

test('what only changes the configuration is cached when its result is known', () => {
  const known = states()
  const run = (noCache: boolean): string => {
    const { classic, text } = progress({ noCache, remove: false }, known)
    classic.event({ type: 'plan', instructions: [planned('FROM a'), planned('ENV A=1')] })
    classic.event(state(0, 'a'))
    classic.event(state(1, 'b'))
    return text()
  }
  assert.match(run(false), /ENV A=1\n ---> Running in C\n ---> b/)
  assert.match(run(false), /ENV A=1\n ---> Using cache\n ---> b/)
  assert.match(run(true), /ENV A=1\n ---> Running in C\n ---> b/)
})

test('results are noted with what they were made upon, images are not', () => {
  const noted: unknown[] = []
  const known = {
    has: () => false,
    note: (id: string, file?: object, parent?: string | null) =>
      noted.push([id.at(-1), file !== undefined, parent?.at(-1) ?? null]) > 0,
  }
  const { classic } = progress({}, known)
  const own = (index: number, digit: string, diff: string): BuildEvent => {
    const { id: _id, ...rest } = state(index, digit) as Extract<BuildEvent, { type: 'state' }>
    return { ...rest, config: { ...rest.config, author: diff } }
  }
  const instructions = [planned('FROM a'), planned('ENV A=1'), planned('ENV B=1', { endsStage: true })]
  const ids: string[] = []
  classic.event({ type: 'plan', instructions })
  for (const event of [state(0, 'a'), own(1, 'b', '1'), own(2, 'c', '2')]) {
    classic.event(event)
    ids.push((noted.at(-1) as string[])[0] as string)
  }
  assert.deepEqual(noted, [
    ['a', false, null],
    [ids[1], true, 'a'],
    [ids[2], true, ids[1]],
  ])
})

test('triggers are counted and have no lines of their own', () => {
  const { classic, text } = progress()
  const triggered = [
    planned('RUN x', { triggered: true, step: 'x' }),
    planned('ENV A=1', { triggered: true, endsStage: true }),
  ]
  const x = [step(1, 'x'), end(1, false)]
  const states = [state(0, 'a'), ...x, state(1, 'b'), state(2, 'c')]
  for (const event of [{ type: 'plan', instructions: [planned('FROM a'), ...triggered] } as const, ...states])
    classic.event(event)
  const container = ' ---> Running in C\nRemoving intermediate container C\n'
  assert.equal(
    text(),
    `Step 1/1 : FROM a\n# Executing 2 build triggers\n${container}${container} ---> cccccccccccc\n`,
  )
})

test('a failure comes last, with the code of the step; a quiet build tells everything then', () => {
  const { classic, told, text } = progress({ quiet: true, forceRemove: true })
  classic.event({ type: 'plan', instructions: [planned('FROM a'), planned('RUN x', { step: 'x' })] })
  classic.event(state(0, 'a'))
  classic.event(step(1, 'x'))
  classic.event(log(1, 'stdout', 'last words\n'))
  assert.deepEqual(told, [])
  classic.failed(new StepFailure(['/bin/sh', '-c', 'x'], 3))
  assert.match(text(), /last words\nRemoving intermediate container C\nThe command/)
  const message = "The command '/bin/sh -c x' returned a non-zero code: 3"
  assert.deepEqual(told.at(-1), { error: message, errorDetail: { code: 3, message } })
})

test('a character that comes in two pieces is told as one', () => {
  const { classic, text } = progress({})
  classic.event({ type: 'plan', instructions: [planned('FROM a'), planned('RUN x', { step: 'x' })] })
  classic.event(state(0, 'a'))
  classic.event(step(1, 'x'))
  const bytes = Buffer.from('a€b')
  for (const data of [bytes.subarray(0, 2), bytes.subarray(2)])
    classic.event({ type: 'log', id: 1, stream: 'stdout', data })
  assert.match(text(), /\na€b$/)
})

test('a step of a later stage that fails is told as its own', () => {
  const { classic, text } = progress({})
  const stages = [
    planned('FROM a'),
    planned('RUN x', { step: 'x' }),
    planned('FROM b'),
    planned('RUN y', { step: 'y' }),
  ]
  classic.event({ type: 'plan', instructions: stages })
  classic.event(state(0, 'a'))
  classic.event(step(1, 'x'))
  classic.event(step(2, 'y'))
  classic.event(log(2, 'stdout', 'last words\n'))
  const failure = new StepFailure(['/bin/sh', '-c', 'y'], 3)
  classic.failed(new StepError(failure, { name: 'y', lines: { first: 4, last: 4 } }))
  assert.match(text(), /Step 2\/4 : RUN x\nStep 4\/4 : RUN y\n ---> Running in C\nlast words\nThe command/)
})

test("failures have the classic builder's words", () => {
  const missing = new GantryError('NotFound', 'failed to compute cache key: "/x/y": not found')
  assert.equal(
    classicError(missing, planned('ADD x/y /')),
    'ADD failed: file not found in build context or excluded by .dockerignore: stat x/y: file does not exist',
  )
  assert.equal(
    classicError(missing, planned('COPY --from=a x/y /')),
    'COPY failed: stat x/y: file does not exist',
  )
  const climbing = new GantryError('NotFound', 'forbidden path outside the build context: ../x/y ()')
  assert.equal(classicError(climbing, planned('COPY ../x/y /')), `COPY failed: ${climbing.message}`)
  const page = new GantryError('NotFound', 'failed to GET http://h/x with status 404 Not Found')
  assert.equal(classicError(page, planned('ADD http://h/x /')), `ADD failed: ${page.message}`)
  const gone = new StepError(new GantryError('NotFound', 'gone'), {
    name: '[b] FROM b',
    lines: { first: 1, last: 1 },
  })
  assert.equal(classicError(gone, planned('COPY --from=b x /')), 'invalid from flag value b: gone')
  assert.equal(classicError(gone, planned('FROM b')), 'gone')
  const target = new DockerfileProblem('target stage "nope" could not be found (did you mean one?)')
  assert.equal(classicRefusal(target, 'D'), 'failed to reach build target nope in Dockerfile')
  const pair = new DockerfileProblem('ENV must have two arguments', { first: 2, last: 2 })
  assert.equal(classicRefusal(pair, 'D7'), 'failed to parse D7: ENV must have two arguments')
  assert.equal(classicError(pair), 'dockerfile parse error on line 2: ENV must have two arguments')
  const token = new DockerfileProblem("invalid escape token 'x' does not match ` or \\", {
    first: 1,
    last: 1,
  })
  assert.equal(classicRefusal(token, 'D7'), `failed to parse D7: ${token.message}`)
  const none = new GantryError('NotFound', 'no source files were specified')
  assert.equal(classicError(none, planned('ADD x* /')), 'ADD failed: no source files were specified')
  const open = new DockerfileProblem('failed to process "${B": unsupported modifier (\ufffd) in substitution')
  assert.equal(classicRefusal(open, 'D'), 'failed to process "${B": missing \':\' in substitution')
})
