import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { createBuilder } from './builder.ts'
import type { BuildEvent } from './contracts.ts'
import { StepError } from './step-failure.ts'
import { fakeWorld } from './testing.ts'

test('a step that fails ends what runs beside it, and is told with its lines', async () => {
  const both = Promise.withResolvers<void>()
  const world = fakeWorld(async ({ signal, step }) => {
    if (step.args.at(-1) === 'fails') {
      await both.promise
      return 3
    }
    both.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve())
    await promise
    return 137
  })
  const text =
    'FROM a AS x\nRUN endless\nFROM a AS y\nRUN fails\nFROM a\nCOPY --from=x / /\nCOPY --from=y / /\n'
  const events: BuildEvent[] = []
  const building = createBuilder(world).build(world.request(text), new AbortController().signal, (event) =>
    events.push(event),
  )
  await assert.rejects(building, (error) => {
    assert.ok(error instanceof StepError)
    assert.equal(error.step, '[y 2/2] RUN fails')
    assert.deepEqual(error.lines, { first: 4, last: 4 })
    assert.match(error.message, /exit code: 3/)
    return true
  })
  assert.equal(world.open, 0)
  const ends = events.flatMap((event) =>
    event.type === 'end' && event.error !== undefined ? event.error : [],
  )
  assert.deepEqual(ends.toSorted(), ['context canceled', ...ends.filter((end) => end.includes('fails'))])
})

test('a path above the top is refused to classic clients alone', async () => {
  const world = fakeWorld()
  const build = (line: string, classic: boolean) => {
    const request = { ...world.request(`FROM a AS s\nFROM a\n${line}\n`), classic }
    return createBuilder(world).build(request, new AbortController().signal, () => undefined)
  }
  for (const [line, shown] of [
    ['COPY ../x /', '../x'],
    ['ADD /../x /', '../x'],
    ['COPY ./../x /', '../x'],
    ['COPY d/../../x /', 'd/../../x'],
    ['COPY .. /', '..'],
    ['COPY --from=s x ../y /d/', '../y'],
  ] as const) {
    const message = `forbidden path outside the build context: ${shown} ()`
    await assert.rejects(build(line, true), { message }, line)
    await build(line, false)
  }
  await assert.rejects(build('COPY ../x* /', true), { message: 'no source files were specified' })
  for (const line of ['COPY d/../x /', 'COPY ..x /', 'COPY ./x /']) await build(line, true)
})

test('a file or an image that is not there is told by the step that wants it', async () => {
  const world = fakeWorld()
  const { image } = world.snapshots
  world.snapshots.image = (reference, ...rest) =>
    reference === 'none' ? Promise.reject(new GantryError('NotFound', 'gone')) : image(reference, ...rest)
  const build = (text: string) =>
    createBuilder(world).build(world.request(text), new AbortController().signal, () => undefined)
  const resolving = 'none: failed to resolve source metadata for docker.io/library/none:latest: gone'
  await assert.rejects(build('FROM a\nRUN x\nFROM none\n'), {
    message: resolving,
    lines: { first: 3, last: 3 },
  })
  await assert.rejects(build('FROM a\nCOPY --from=none /x /\n'), {
    message: resolving,
    lines: { first: 2, last: 2 },
  })
  const digest = (): Promise<never> => Promise.reject(new GantryError('NotFound', '"/x": not found'))
  const request = world.request('FROM a\nCOPY x /\n')
  const sources = { ...request.sources, context: async () => ({ ...world.files.tree('c'), digest }) }
  const events: BuildEvent[] = []
  const building = createBuilder(world).build(
    { ...request, sources },
    new AbortController().signal,
    (event) => events.push(event),
  )
  await assert.rejects(building, {
    message: 'failed to compute cache key: "/x": not found',
    lines: { first: 2, last: 2 },
  })
  assert.ok(events.some((event) => event.type === 'step' && event.name === '[2/2] COPY x /'))
})
