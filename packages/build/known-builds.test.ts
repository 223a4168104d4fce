/** A builder that knows earlier builds gives what one that has just been started gives, whatever was built in between. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostPlatform, type ImageConfigFile, type RunConfig } from '@gantry/oci'
import { createBuilder } from './builder.ts'
import type { BuildEvent, Builder, BuildRequest } from './contracts.ts'
import { type FakeWorld, fakeWorld } from './testing.ts'

const dockerfiles = [
  'ARG TAG=a\nFROM $TAG AS one\nARG V\nENV X=$V\nRUN echo $V $X\nCOPY --from=b /f /\nFROM one\nCOPY f $V /d/\nWORKDIR $X/w\nRUN last\n',
  'FROM a\nRUN --mount=type=bind,target=/s --mount=type=secret,id=known,env=S x\nARG HTTP_PROXY\nRUN y\n',
  'FROM --platform=$BUILDPLATFORM a AS one\nARG TARGETARCH\nRUN echo $TARGETARCH\nFROM b\nCOPY --from=one /f /\nCMD ["c"]\n',
  'FROM scratch AS data\nCOPY f /\nFROM a\nONBUILD RUN trigger\nRUN --mount=type=bind,from=data,target=/d z\nLABEL v=1\n',
]

const configs: RunConfig[] = [
  {},
  { Env: ['X=base', 'PATH=/p'], User: 'me' },
  { OnBuild: ['ARG V=trigger', 'RUN made $V'], WorkingDir: '/w' },
]

/** The same numbers at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

/** What builds are made from, besides what they ask for themselves; both worlds change alike. */
interface Surroundings {
  images: Map<string, ImageConfigFile>
  contents: Map<string, string>
}

function worldIn({ images, contents }: Surroundings): FakeWorld {
  const world = fakeWorld()
  world.contents = contents
  const { image } = world.snapshots
  world.snapshots.image = async (reference, platform, options) => {
    const config = images.get(reference)
    if (!config) throw new Error(`no ${reference}`)
    const found = await image(`${reference} ${JSON.stringify(config)}`, platform, options)
    return { ...found, reference, config }
  }
  return world
}

/** What comes out of a build, without what tells the time. */
async function outcome(world: FakeWorld, builder: Builder, request: BuildRequest): Promise<unknown> {
  const events: BuildEvent[] = []
  const before = world.ran.length
  const signal = new AbortController().signal
  const results = await builder
    .build(request, signal, (event) => events.push(event))
    .then(
      (built) =>
        built.map(({ config, snapshot, platform, bases }) => ({
          config,
          snapshot,
          platform,
          bases: bases.size,
        })),
      (error: Error) => error.message,
    )
  const told = events.flatMap((event) => {
    if (event.type === 'log' || event.type === 'progress') return []
    // Which of two runs within a millisecond was the later one is not known.
    return JSON.stringify({ ...event, started: undefined, config: undefined, why: undefined })
  })
  return withoutTimes({ results, told: told.sort(), ran: world.ran.slice(before).sort() })
}

const withoutTimes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replace(/20[2-9]\d-\d\d-\d\dT[\d:.]+Z/g, 'now'))

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const each of Object.values(value)) freeze(each)
}

function image(config: RunConfig): ImageConfigFile {
  const file = { ...hostPlatform(), created: '2001-01-01T00:00:00Z', config, diffIds: [], history: [] }
  freeze(file)
  return file
}

const s390x = { os: 'linux', architecture: 's390x' }
const args = (...pairs: [string, string][]): Partial<BuildRequest> => ({ args: new Map(pairs) })

/** What builds can ask for, each line a choice. */
const settings: Partial<BuildRequest>[][] = [
  [
    ...[args(), args(['V', '1']), args(['V', '2']), args(['TAG', 'b']), args(['V', ''], ['TAG', 'gone'])],
    ...[args(['HTTP_PROXY', 'http://one']), args(['HTTP_PROXY', 'http://two'])],
  ],
  [{}, { platforms: [s390x] }, { platforms: [s390x, hostPlatform()] }],
  [{}, { platformsGiven: true }],
  [{}, { target: 'one' }, { target: '0' }, { target: 'none' }],
  [{}, { classic: true }],
  [{}, { labels: { l: '1' } }, { labels: { l: '2' } }],
  [{}, { network: 'none' }],
  [{}, { hosts: ['h:1.2.3.4'] }],
  [{}, { contexts: ['b'] }],
  [{}, { namedImages: new Map([['a', { reference: 'b', shown: 'b' }]]) }],
  [{}, { noCache: true }],
  [{}, { noCacheFilter: ['one'] }],
  [{}, { ignores: () => false }, { ignores: (path: string) => path === 'f' }],
  [{}, { created: new Date(1e12) }],
]

test('builds after others give what those of a new builder give', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const pick = numbers(seed)
    const choice = <T>(of: readonly T[]): T => of[pick(of.length)] as T
    const around = { images: new Map<string, ImageConfigFile>(), contents: new Map([['f', '1']]) }
    for (const name of ['a', 'b']) around.images.set(name, image({}))
    const [old, fresh] = [worldIn(around), worldIn(around)]
    const builder = createBuilder(old)
    const chosen = settings.map(() => ({}))
    let text = choice(dockerfiles)
    for (let build = 0; build < 60; build++) {
      // One thing after the other: most of what came before is known.
      const at = pick(settings.length)
      chosen[at] = pick(2) ? {} : choice(settings[at] ?? [])
      if (pick(12) === 0) text = choice(dockerfiles)
      if (pick(5) === 0) around.images.set(choice(['a', 'b']), image(choice(configs)))
      if (pick(20) === 0) around.images.delete('b')
      if (pick(5) === 0) around.contents.set('f', choice(['1', '2']))
      if (pick(10) === 0)
        for (const { cache } of [old, fresh]) for (const { key } of cache.records()) cache.remove(key)
      const changes: Partial<BuildRequest> = Object.assign({}, ...chosen)
      const [known, expected] = [
        await outcome(old, builder, old.request(text, changes)),
        await outcome(fresh, createBuilder(fresh), fresh.request(text, changes)),
      ]
      assert.deepEqual(known, expected, `seed ${seed}, build ${build}: ${text}${JSON.stringify(changes)}`)
    }
  }
})
