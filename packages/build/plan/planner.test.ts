import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DockerfileProblem, parseDockerfile } from '@gantry/dockerfile'
import type { ImageConfigFile, Platform } from '@gantry/oci'
import type { CopyStep, RunStep, Step, Target } from '../contracts.ts'
import type { NamedContext } from './named-contexts.ts'
import { type PlanOptions, planTarget } from './planner.ts'

const amd64: Platform = { os: 'linux', architecture: 'amd64' }

const image = (config: ImageConfigFile['config'] = {}): ImageConfigFile => ({
  ...amd64,
  config,
  diffIds: [],
  history: [{ created_by: 'the base' }],
})

interface Setting extends Partial<PlanOptions> {
  images?: Record<string, ImageConfigFile>
  contexts?: Record<string, NamedContext>
  asked?: string[]
}

function plan(
  text: string,
  { images = {}, contexts = {}, asked = [], ...options }: Setting = {},
): Promise<Target> {
  const planned = planTarget(
    parseDockerfile(text),
    { args: new Map(), platform: amd64, host: amd64, network: 'default', ...options },
    {
      imageConfig: async (reference) => {
        asked.push(reference)
        return images[reference] ?? image()
      },
      namedContext: (name) => contexts[name] ?? null,
    },
  )
  return planned.then(({ target }) => target)
}

/** The steps from the base up. */
function chain(step: Step | null): Step[] {
  if (step === null) return []
  return step.kind === 'image' ? [step] : [...chain(step.input), step]
}

const run = (target: Target): RunStep =>
  chain(target.step).find((step): step is RunStep => step.kind === 'run') as RunStep
const copy = (target: Target): CopyStep =>
  chain(target.step).find((step): step is CopyStep => step.kind === 'copy') as CopyStep

const refusal = (message: string, line?: number) => (error: unknown) =>
  error instanceof DockerfileProblem &&
  error.message === message &&
  (line === undefined || error.lines?.first === line)

test('steps are named with their stage and their number', async () => {
  const target = await plan(
    'FROM a AS build\nRUN make\nFROM b\nENV X=1\nCOPY --from=build /out /\nWORKDIR /w\n',
  )
  assert.deepEqual(
    chain(target.step).map(({ name }) => name),
    ['[stage-1 1/3] FROM b', '[stage-1 2/3] COPY --from=build /out /', '[stage-1 3/3] WORKDIR /w'],
  )
  const [{ origin } = { origin: null }] = copy(target).copies
  assert.ok(origin?.kind === 'snapshot' && origin.step.name === '[build 2/2] RUN make')
  assert.deepEqual(
    chain((await plan('FROM a\nRUN x')).step).map(({ name }) => name),
    ['[1/2] FROM a', '[2/2] RUN x'],
  )
})

test('steps are named with their variables replaced, and kept in the cache as they were written', async () => {
  const names = async (lines: string, setting: Setting = {}): Promise<string[]> =>
    chain((await plan(`FROM a\nENV A=1 B="x y" E=\n${lines}\n`, setting)).step)
      .slice(1)
      .map(({ name }) => name.replace(/^.*?\] /, ''))
  const args = new Map([
    ['V', '7'],
    ['HTTP_PROXY', 'http://me:secret@proxy'],
  ])
  for (const [line, shown] of [
    [`COPY $A "\${B}" /d/`, 'COPY 1 x y /d/'],
    ['COPY ["$A", "/d"]', 'COPY [1, /d]'],
    ['copy  f$A$NONE /d', 'COPY  f1 /d'],
    [`COPY \${A:+yes} \${NONE:-no} \${B#x?} /d/`, 'COPY yes no y /d/'],
    ['WORKDIR /w/$A\\$A', 'WORKDIR /w/1$A'],
    ['ADD --chown=$A f /', 'ADD --chown=1 f /'],
    // A shell knows variables of its own.
    [
      `RUN echo $A \${A} $NONE \${NONE} \${NONE:-n$A} \${NONE%%x} $$ $?`,
      `RUN echo 1 1 $NONE \${NONE} \${NONE:-n1} \${NONE%%x} $$ $?`,
    ],
    [`RUN echo "$A" '$A' "\${B}" e$E.`, 'RUN echo "1" \'$A\' "x y" e.'],
    ['RUN echo "it\'s $A" \\"', 'RUN echo "it\'s 1" "'],
    ["RUN echo it's $A", "RUN echo it's $A"],
    ['ARG V\nRUN echo $V', 'RUN echo 7'],
    [
      'ARG V\nRUN git clone "https://me:$V@host/$V" # me@host',
      'RUN git clone "https://xxxxx@host/7" # me@host',
    ],
    ['ADD ssh://git@host/r.git /', 'ADD ssh://git@host/r.git /'],
    ['RUN echo $V $HTTP_PROXY', 'RUN echo $V $HTTP_PROXY'],
    ['RUN --mount=type=secret,id=s,env=A echo $A', 'RUN --mount=type=secret,id=s,env=A echo ****'],
    ['RUN <<EOF\necho $A\necho\nEOF', 'RUN <<EOF (echo 1...)'],
    ['RUN <<EOF\necho\nEOF', 'RUN <<EOF (echo)'],
    ['RUN cat <<EOF >/f\none\nEOF', 'RUN cat <<EOF >/f'],
  ] as const)
    assert.deepEqual(await names(line, { args }), [shown], line)
  const { step } = await plan('FROM a\nARG V\nRUN echo $V\n', { args })
  assert.equal(step?.description, 'RUN echo $V')
  const built = await plan('FROM a AS one\nRUN x\n', { several: true })
  assert.equal(built.step?.description, '[linux/amd64 one] RUN x')
})

test('numbers of steps stand below each other; a stage that goes on from another has none for that', async () => {
  const steps = chain((await plan(`FROM a\n${'RUN x\n'.repeat(9)}`)).step)
  assert.deepEqual([steps[0]?.name, steps[9]?.name], ['[ 1/10] FROM a', '[10/10] RUN x'])
  const [, below, , above] = chain((await plan('FROM a AS x\nRUN 1\nFROM x\nRUN 2\nRUN 3\n')).step)
  assert.deepEqual([below?.name, above?.name], ['[x 2/2] RUN 1', '[stage-1 2/2] RUN 3'])
  assert.equal((await plan('FROM scratch\nCOPY f /\n')).step?.name, '[1/1] COPY f /')
})

test('WORKDIR / makes no layer', async () => {
  for (const classic of [false, true]) {
    const { step, history, config } = await plan('FROM a\nWORKDIR /\n', { classic })
    assert.deepEqual([step?.kind, history.at(-1)?.empty_layer, config.WorkingDir], ['image', true, '/'])
  }
})

test('an image is made by so many instructions at the most, whatever stages they are in', async () => {
  const half = 'ENV a=b\n'.repeat(500)
  await plan(`FROM scratch AS one\n${half}FROM one\n${half}`)
  await assert.rejects(
    plan(`FROM scratch AS one\n${half}FROM one\n${half}USER a\n`),
    refusal('more than 1000 instructions make one image', 1003),
  )
})

test('stages that the target does not need are not looked at', async () => {
  const asked: string[] = []
  await plan('FROM a AS one\nFROM b AS two\nFROM c AS three\n', { target: 'two', asked })
  assert.deepEqual(asked, ['b'])
})

test('devices: a step does without those that it does not require', async () => {
  for (const device of ['vendor.com/gpu=all', 'name=vendor.com/gpu=all', 'foo', 'foo,required=false'])
    await plan(`FROM a\nRUN --device=${device} x\n`)
  for (const [device, problem] of [
    ['foo,required', 'required device "foo" is not registered'],
    ['required=true,name=foo', 'required device "foo" is not registered'],
    ['vendor.com/gpu=all,required', 'required device "vendor.com/gpu=all" is not registered'],
    ['foo,requird', "unexpected key 'requird' in 'requird' (did you mean required?)"],
    ['foo,required=perhaps', `invalid value for required: "perhaps" in 'required=perhaps'`],
    ['name=', 'device name is required'],
  ] as const)
    await assert.rejects(plan(`FROM a\nRUN --device=${device} x\n`), refusal(problem, 2))
})

test('a target that is not there, and stages in a circle', async () => {
  const text = 'FROM a AS build\nRUN x\n'
  await assert.rejects(
    plan(text, { target: 'biuld' }),
    refusal('target stage "biuld" could not be found (did you mean build?)'),
  )
  await assert.rejects(
    plan('FROM a AS one\nCOPY --from=two / /\nFROM b AS two\nCOPY --from=one / /\n'),
    refusal('circular dependency detected on stage: two', 3),
  )
  await assert.rejects(plan('FROM a\nCOPY --from=1 / /\n'), refusal('invalid stage index 1', 2))
  const unknown =
    'failed to parse platform a/b/c/d/e: "a/b/c/d/e": cannot parse platform specifier: invalid argument'
  await assert.rejects(plan('FROM --platform=a/b/c/d/e a\n'), refusal(unknown, 1))
  await assert.rejects(plan('ARG A\n'), refusal('dockerfile contains no stages to build'))
  await assert.rejects(plan('FROM a\nSTOPSIGNAL SIGFOO\n'), refusal('invalid signal: SIGFOO', 2))
  const local = "checksum can't be specified for non-HTTP(S) sources"
  await assert.rejects(plan('FROM a\nADD --checksum=sha256:00 f /\n'), refusal(local, 2))
  await assert.rejects(
    plan('FROM a\nADD --checksum=sha256:00 http://x/f /\n'),
    refusal('invalid checksum digest format: "sha256:00"', 2),
  )
  for (const mount of ['target=/', 'type=cache,target=..', 'type=tmpfs,target=/x/..'])
    await assert.rejects(plan(`FROM a\nRUN --mount=${mount} x\n`), refusal('invalid mount target "/"', 2))
  await assert.rejects(plan('FROM a\nRUN []\n'), refusal('RUN requires at least one argument', 2))
  assert.deepEqual(run(await plan('FROM a\nRUN\n')).args, ['/bin/sh', '-c', ''])
  await assert.rejects(plan('FROM a\nEXPOSE web\n'), refusal('invalid containerPort: web', 2))
})

test('classic builds tell instructions as they stand, defaults of arguments, and who made it', async () => {
  const text = 'FROM a\nARG V=x\nARG W="$V y" Z\nMAINTAINER me\nrun   echo  $W\n'
  const { states, history, step } = await plan(text, { classic: true, args: new Map([['W', 'given']]) })
  assert.deepEqual(
    states.map(({ source }) => source),
    ['FROM a', 'ARG V=x', 'ARG W="$V y" Z', 'MAINTAINER me', 'run   echo  $W'],
  )
  assert.equal(step?.name, '[2/2] RUN   echo  given')
  assert.deepEqual(
    history.slice(1).map(({ created_by, author }) => [created_by, author]),
    [
      ['/bin/sh -c #(nop)  ARG V=x', undefined],
      ['/bin/sh -c #(nop)  ARG W=x y Z', undefined],
      ['/bin/sh -c #(nop)  MAINTAINER me', 'me'],
      ['|2 V=x W=given /bin/sh -c echo  $W', 'me'],
    ],
  )
})

test('the configuration and the history of each instruction', async () => {
  const text = [
    'FROM base',
    'ARG V=1',
    'ENV A=$V',
    'RUN echo $A',
    'ENTRYPOINT ["e"]',
    'WORKDIR sub',
    'EXPOSE 80 53/udp',
    'LABEL l="x y"',
    'USER me',
    'VOLUME /v /w',
    'SHELL ["/bin/ash", "-c"]',
    'CMD run it',
    'HEALTHCHECK --interval=90s CMD true',
    'ONBUILD RUN later',
  ].join('\n')
  const images = { base: image({ Cmd: ['old'], WorkingDir: '/srv', Env: ['PATH=/bin', 'A=0'] }) }
  const target = await plan(text, { images })
  assert.deepEqual(target.config, {
    WorkingDir: '/srv/sub',
    Env: ['PATH=/bin', 'A=1'],
    Entrypoint: ['e'],
    ExposedPorts: { '53/udp': {}, '80/tcp': {} },
    Labels: { l: 'x y' },
    User: 'me',
    Volumes: { '/v': {}, '/w': {} },
    Shell: ['/bin/ash', '-c'],
    Cmd: ['/bin/ash', '-c', 'run it'],
    ArgsEscaped: true,
    OnBuild: ['RUN later'],
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 90e9 },
  })
  assert.deepEqual(
    target.history.map((entry) => [entry.created_by, entry.empty_layer ?? false]),
    [
      ['the base', false],
      ['ARG V=1', true],
      ['ENV A=1', true],
      ['RUN |1 V=1 /bin/sh -c echo $A # buildkit', false],
      ['ENTRYPOINT ["e"]', true],
      ['WORKDIR /srv/sub', false],
      ['EXPOSE map[53/udp:{} 80/tcp:{}]', true],
      ['LABEL l=x y', true],
      ['USER me', true],
      ['VOLUME [/v /w]', true],
      ['SHELL [/bin/ash -c]', true],
      ['CMD ["/bin/ash" "-c" "run it"]', true],
      [String.raw`HEALTHCHECK &{["CMD-SHELL" "true"] "1m30s" "0s" "0s" "0s" '\x00'}`, true],
    ],
  )
})

test('ARG: of the same name the later one counts, ENV and ARG alike; stages that go on from one have its arguments', async () => {
  const text = [
    ...['FROM base AS one', 'ARG A=arg', 'ARG B=arg', 'ENV B=env', 'ARG C', 'ARG PATH=/x', 'RUN 1'],
    ...['FROM one AS two', 'ARG D=$A', 'RUN 2'],
    ...['FROM two', 'ENV A=env', 'COPY $A$D /', 'RUN 3'],
  ].join('\n')
  const images = { base: image({ Env: ['PATH=/bin', 'A=image'] }) }
  const given = new Map([['C', 'given']])
  const steps = async (options: Setting): Promise<Step[]> => {
    const target = await plan(text, { images, args: given, ...options })
    assert.deepEqual(target.config?.Env, ['PATH=/bin', 'A=env', 'B=env'])
    const words = target.history.flatMap(
      ({ created_by = '' }) => created_by.match(/\|.*(?= \/bin\/sh)/) ?? [],
    )
    const first = options.classic ? '|1 C=given' : '|4 A=arg B=env C=given PATH=/x'
    assert.deepEqual(words, [first, '|1 D=image'])
    return chain(target.step)
  }
  const environments = (all: Step[]): (readonly string[])[] =>
    all.flatMap((step) => (step.kind === 'run' ? [step.env] : []))
  const built = await steps({})
  assert.deepEqual(environments(built), [
    ['B=env', 'A=arg', 'C=given', 'PATH=/x'],
    // What the image says is said again.
    ['PATH=/bin', 'A=image', 'B=env', 'C=given', 'D=image'],
    ['PATH=/bin', 'A=env', 'B=env', 'C=given', 'D=image'],
  ])
  assert.deepEqual(built.find((step) => step.kind === 'copy')?.copies[0]?.sources, ['envimage'])
  assert.deepEqual(environments(await steps({ classic: true })), [
    ['PATH=/bin', 'A=image', 'B=env', 'C=given'],
    ['PATH=/bin', 'A=image', 'B=env', 'D=image'],
    ['PATH=/bin', 'A=env', 'B=env'],
  ])
})

test('flags of COPY in the history', async () => {
  const created = async (line: string) => (await plan(`FROM a\n${line}\n`)).history.at(-1)?.created_by
  const line = 'COPY --link --chmod=700 --parents --chown=me --exclude=x a b/'
  assert.equal(await created(line), 'COPY --parents --chown=me --chmod=700 a b/ # buildkit')
  assert.equal(await created('ADD --chown=me a b'), 'ADD --chown=me a b # buildkit')
})

test('CMD of the same stage survives ENTRYPOINT', async () => {
  const { config } = await plan('FROM a\nCMD ["c"]\nENTRYPOINT ["e"]\n')
  assert.deepEqual([config.Cmd, config.Entrypoint], [['c'], ['e']])
})

test('triggers of the base run first, and are not inherited further', async () => {
  const images = { base: image({ OnBuild: ['COPY . /src', 'RUN make'] }) }
  const target = await plan('FROM base\nRUN test\n', { images })
  assert.deepEqual(
    chain(target.step).map(({ name }) => name),
    ['[1/4] FROM base', '[2/4] ONBUILD COPY . /src', '[3/4] ONBUILD RUN make', '[4/4] RUN test'],
  )
  assert.equal(target.config.OnBuild, undefined)
})

test('here-documents of RUN: a script, a file with its own interpreter, input of a command', async () => {
  assert.deepEqual(run(await plan('FROM a\nRUN <<EOF\necho 1\nEOF\n')).args, ['/bin/sh', '-c', 'echo 1\n'])
  const file = run(await plan('FROM a\nRUN <<X\n#!/bin/python\nprint()\nX\n'))
  assert.deepEqual(file.args, ['/dev/pipes/X'])
  assert.deepEqual(file.script, { name: 'X', content: '#!/bin/python\nprint()\n' })
  const input = run(await plan('FROM a\nRUN cat <<A >x && cat <<B\n1\nA\n2\nB\n'))
  assert.deepEqual(input.args, ['/bin/sh', '-c', 'cat <<A >x && cat <<B\n1\nA\n2\nB'])
  const created = async (line: string) => (await plan(`FROM a\nARG V=1\n${line}`)).history.at(-1)?.created_by
  assert.equal(await created('RUN <<EOF\necho $V\nEOF\n'), 'RUN |1 V=1 /bin/sh -c echo $V\n # buildkit')
  assert.equal(await created('RUN <<X\n#!/bin/python\nX\n'), 'RUN |1 V=1 /bin/sh -c /dev/pipes/X # buildkit')
  assert.equal(await created('RUN cat <<A\n1\nA\n'), 'RUN |1 V=1 /bin/sh -c cat <<A\n1\nA # buildkit')
})

test('what RUN sees: environment, arguments, proxies apart, user, directory, network', async () => {
  const args = new Map([
    ['V', '2'],
    ['HTTP_PROXY', 'http://p'],
    ['UNUSED', 'x'],
  ])
  const step = run(await plan('FROM a\nARG V\nENV E=1\nUSER u\nWORKDIR /w\nRUN --network=none x\n', { args }))
  assert.deepEqual(step.env.slice(1), ['E=1', 'V=2'])
  assert.deepEqual(step.proxies, ['HTTP_PROXY=http://p'])
  assert.deepEqual([step.user, step.workingDir, step.network], ['u', '/w', 'none'])
})

test('where COPY and ADD write to', async () => {
  const dest = async (line: string): Promise<string> => copy(await plan(`FROM a\nWORKDIR /w\n${line}\n`)).dest
  assert.equal(await dest('COPY a b'), '/w/b')
  assert.equal(await dest('COPY a b c/'), '/w/c/')
  assert.equal(await dest('COPY a .'), '/w/')
  assert.equal(await dest('COPY a /'), '/')
  await assert.rejects(
    plan('FROM a\nCOPY a b c\n'),
    refusal(
      'When using COPY with more than one source file, the destination must be a directory and end with a /',
      2,
    ),
  )
})

test('owners and modes of variables that are not set are none', async () => {
  const flags = async (line: string) => {
    const { chown, chmod } = copy(await plan(`FROM a\nARG MODE\nARG OWNER=me\n${line}\n`))
    return { chown, chmod }
  }
  assert.deepEqual(await flags('COPY --chmod=$MODE --chown=$OWNER a b'), { chown: 'me', chmod: undefined })
  assert.deepEqual(await flags('ADD --chmod=700 --chown=$NONE a b'), { chown: undefined, chmod: '700' })
})

test('where files come from', async () => {
  const origin = async (line: string, setting: Setting = {}) =>
    copy(await plan(`FROM a\n${line}\n`, setting)).copies[0]?.origin
  assert.deepEqual(await origin('COPY a b'), { kind: 'context', name: 'context' })
  assert.deepEqual(await origin('COPY --from=more a b', { contexts: { more: 'files' } }), {
    kind: 'context',
    name: 'more',
  })
  const fromImage = await origin('COPY --from=alpine:3 a b')
  assert.ok(
    fromImage?.kind === 'snapshot' &&
      fromImage.step.kind === 'image' &&
      fromImage.step.reference === 'alpine:3',
  )
  const replaced = await origin('COPY --from=alpine a b', {
    contexts: { alpine: { reference: 'mine', shown: 'shown' } },
  })
  assert.ok(
    replaced?.kind === 'snapshot' && replaced.step.kind === 'image' && replaced.step.reference === 'mine',
  )
  assert.equal(replaced.step.name, '[alpine] FROM shown')
  const twice = await plan('FROM a\nCOPY --from=b x /\nCOPY --from=b y /\n')
  const [one, two] = chain(twice.step).flatMap((step) => (step.kind === 'copy' ? step.copies : []))
  assert.ok(one?.origin.kind === 'snapshot' && two?.origin.kind === 'snapshot')
  assert.equal(one.origin.step, two.origin.step, 'an image is told of once')
  const stages = 'FROM a AS x\nRUN x\nFROM x\nRUN --mount=from=x,target=/1 --mount=from=x,target=/2 y\n'
  const own = await plan(stages)
  assert.equal(own.step?.kind === 'run' && own.step.mounts.length, 2)
  const instead = await plan(stages, { contexts: { x: { reference: 'mine', shown: 'mine' } } })
  const below = instead.step?.kind === 'run' ? instead.step.input : null
  assert.equal(below?.kind === 'image' && below.reference, 'mine', 'a named context goes before a stage')
  const files = await plan('FROM x\nRUN y\n', { contexts: { x: 'files' } })
  const copied = files.step?.kind === 'run' ? files.step.input : null
  assert.deepEqual(copied?.kind === 'copy' && [copied.dest, copied.copies[0]?.origin], [
    '/',
    { kind: 'context', name: 'x' },
  ])
  assert.deepEqual(await origin('ADD https://example.test/a.tgz b'), {
    kind: 'http',
    url: 'https://example.test/a.tgz',
  })
  assert.deepEqual(await origin('ADD https://example.test/r.git#v1:sub b'), {
    kind: 'git',
    url: 'https://example.test/r.git#v1:sub',
    keepGitDir: false,
  })
})

test('CVE-2023-26054: neither the history nor the cache tells the password of a URL', async () => {
  for (const classic of [true, false])
    for (const url of ['https://me:secret@host/a', 'https://me:secret@host/a.git#main']) {
      const { history, step } = await plan(`FROM a\nADD ${url} /\n`, { classic })
      for (const text of [JSON.stringify(history), step?.description ?? '']) {
        assert.doesNotMatch(text, /secret/)
        assert.match(text, /https:\/\/xxxxx@host\/a/)
      }
    }
})

test('platform arguments', async () => {
  const target = await plan('FROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\nENV T=$TARGETARCH\n', {
    platform: { os: 'linux', architecture: 'arm64' },
  })
  assert.equal(target.step?.platform.architecture, 'amd64')
  assert.ok(target.config.Env?.includes('T=arm64'))
  const arm: Platform = { os: 'linux', architecture: 'arm', variant: 'v7' }
  const names = async (text: string): Promise<string[]> =>
    chain((await plan(text, { platform: arm, several: true })).step).map(({ name }) => name)
  assert.deepEqual(await names('FROM --platform=$BUILDPLATFORM a\nRUN x\n'), [
    ...['[linux/amd64->arm/v7 1/2] FROM a', '[linux/amd64->arm/v7 2/2] RUN x'],
  ])
  assert.deepEqual(await names('FROM a\n'), ['[linux/arm/v7 1/1] FROM a'])
})

test('what an image is for: what was asked for, or else what its base is for', async () => {
  const arm64: Platform = { os: 'linux', architecture: 'arm64', variant: 'v8' }
  const s390x: Platform = { os: 'linux', architecture: 's390x' }
  const images = { arm: { ...image(), ...arm64 } }
  for (const [text, base] of [
    ['FROM arm\n', arm64],
    ['FROM --platform=linux/arm64 arm AS a\nFROM a\nCOPY x /\n', arm64],
    ['FROM --platform=linux/arm64 scratch\nCOPY x /\n', amd64],
    ['FROM --platform=$BUILDPLATFORM a\n', amd64],
  ] as const) {
    assert.deepEqual((await plan(text, { images })).platform, base, text)
    const given = await plan(text, { images, platform: s390x, isForPlatform: true })
    assert.deepEqual(given.platform, s390x, text)
  }
  const { variant: _, ...plain } = arm64
  const kept = await plan('FROM arm\n', { images, platform: plain, isForPlatform: true })
  assert.deepEqual(kept.platform, arm64)
})
