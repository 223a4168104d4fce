import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RunMount } from '@gantry/dockerfile'
import type { Digest } from '@gantry/oci'
import { until } from '../../test/until.ts'
import { createBuilder } from './builder.ts'
import { CacheMounts } from './cache/mounts.ts'
import { type CacheUsage, type PruneRule, planPrune } from './cache/usage.ts'
import type { BuildEvent, Builder, BuildRequest, BuiltRecord, SnapshotLayer } from './contracts.ts'
import { type FakeWorld, fakeWorld } from './testing.ts'

/** One for each world: what it knows of earlier builds is part of it. */
const builders = new WeakMap<FakeWorld, Builder>()

async function build(world: FakeWorld, request: BuildRequest, signal = new AbortController().signal) {
  const events: BuildEvent[] = []
  const builder = builders.get(world) ?? createBuilder(world)
  builders.set(world, builder)
  const results = await builder.build(request, signal, (event) => events.push(event))
  const cached = events.flatMap((event) => (event.type === 'end' ? [event.cached] : []))
  return { results, events, cached }
}

test('a build that nothing has changed in runs nothing, and gives the same image', async () => {
  const world = fakeWorld()
  const request = world.request('FROM a\nENV X=1\nRUN one\nCOPY f /\nRUN two\n')
  const first = await build(world, request)
  const second = await build(world, request)
  assert.deepEqual(world.ran, ['one', 'two'])
  assert.deepEqual(second.cached, [true, true, true, true])
  const images = ({ results }: typeof first) => results.map(({ records: _records, ...image }) => image)
  assert.deepEqual(images(second), images(first))
  const [{ config } = assert.fail()] = first.results
  assert.equal(config.history.filter(({ empty_layer }) => !empty_layer).length, config.diffIds.length)
  assert.ok(config.history.every(({ created }) => created))
})

test('plans that are used again are not changed by the builds that use them', async () => {
  const world = fakeWorld()
  const text =
    'FROM a AS one\nARG V=1\nENV X=$V\nRUN one\nFROM one\nCOPY --from=one f /\nLABEL l=1\nWORKDIR /w\n'
  const request = world.request(text, { labels: { given: 'yes' } })
  const first = await build(world, request)
  for (const { step } of first.results) freeze(step)
  const [again] = (await build(world, request)).results
  const [before] = first.results
  assert.equal(again?.step, before?.step)
  assert.deepEqual(again?.config, before?.config)
})

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const each of Object.values(value)) freeze(each)
}

test('steps after a change run again, those before it do not', async () => {
  const world = fakeWorld()
  const request = world.request('FROM a\nRUN before\nCOPY f /\nRUN after\n')
  await build(world, request)
  world.contents.set('f', 'changed')
  const { events } = await build(world, request)
  assert.deepEqual(world.ran, ['before', 'after', 'after'])
  const why = events.flatMap((event) => (event.type === 'end' && event.why !== undefined ? [event.why] : []))
  assert.deepEqual(why, ['what it copies', 'the file system before it'])
})

test('why a step runs again is known when the cache has its result no more, and when others came before it', async () => {
  const world = fakeWorld()
  const whys = async (text: string, changes: Partial<BuildRequest> = {}): Promise<string[]> =>
    (await build(world, world.request(text, changes))).events.flatMap((event) =>
      event.type === 'end' && event.why !== undefined ? [event.why] : [],
    )
  const text = 'FROM a\nARG V\nRUN one\n'
  assert.deepEqual(await whys(text), [''])
  const prune = () => world.cache.records().every(({ key }) => world.cache.remove(key))
  assert.ok(prune())
  assert.deepEqual(await whys(text), ['nothing, but what it made is in the cache no more'])
  assert.ok(prune())
  assert.deepEqual(await whys(text, { args: new Map([['V', '1']]) }), ['its environment (V)'])
  assert.deepEqual(await whys(text, { args: new Map([['V', '1']]), noCache: true }), [
    'nothing, but the cache was left aside',
  ])
  assert.deepEqual(await whys('FROM a\nARG V\nRUN new\nRUN one\n', { args: new Map([['V', '1']]) }), [
    '',
    'the file system before it',
  ])
})

test('the cache can be left aside, for one stage too', async () => {
  const world = fakeWorld()
  const text = 'FROM a AS one\nRUN first\nFROM a AS two\nCOPY --from=one / /\nRUN second\n'
  await build(world, world.request(text))
  await build(world, world.request(text, { noCacheFilter: ['two'] }))
  assert.deepEqual(world.ran, ['first', 'second', 'second'])
  await build(world, world.request(text, { noCache: true }))
  assert.deepEqual(world.ran.slice(3), ['first', 'second'])
})

test('stages that do not need each other run at the same time', async () => {
  const meeting = Promise.withResolvers<void>()
  let here = 0
  const world = fakeWorld(async () => {
    if (++here === 2) meeting.resolve()
    await meeting.promise
    return 0
  })
  await build(
    world,
    world.request('FROM a AS x\nRUN x\nFROM a AS y\nRUN y\nFROM a\nCOPY --from=x / /\nCOPY --from=y / /\n'),
  )
  assert.equal(world.ran.length, 2)
})

test('builds that want the same step at once share it', async () => {
  const gate = Promise.withResolvers<number>()
  const world = fakeWorld(() => gate.promise)
  const request = world.request('FROM a\nRUN slow\n')
  const builder = createBuilder(world)
  const running = [1, 2, 3].map(() => builder.build(request, new AbortController().signal, () => undefined))
  gate.resolve(0)
  const results = await Promise.all(running)
  assert.deepEqual(world.ran, ['slow'])
  assert.deepEqual(results[0], results[2])
})

test('a cancelled build ends its steps, unless another build wants them', async () => {
  const ended: string[] = []
  const world = fakeWorld(({ signal, step }) => {
    const { promise, resolve } = Promise.withResolvers<number>()
    signal.addEventListener('abort', () => {
      ended.push(step.args.at(-1) ?? '')
      resolve(137)
    })
    return promise
  })
  const [first, second] = [new AbortController(), new AbortController()]
  const builder = createBuilder(world)
  const request = world.request('FROM a\nRUN endless\n')
  const one = builder.build(request, first.signal, () => undefined)
  const two = builder.build(request, second.signal, () => undefined)
  await until('the step to run', () => world.ran.length > 0)
  first.abort(new Error('cancelled'))
  await assert.rejects(one, /cancelled/)
  assert.deepEqual(ended, [])
  second.abort(new Error('cancelled too'))
  await assert.rejects(two, /cancelled too/)
  assert.deepEqual(ended, ['endless'])
  assert.equal(world.open, 0)
})

test('what comes before the first new layer has its time, not that of the base', async () => {
  const world = fakeWorld()
  const { results } = await build(world, world.request('FROM a\nARG A\nRUN x\nCMD y\n'))
  const [base, ...own] = results[0]?.config.history.map(({ created }) => created) ?? []
  assert.equal(base, '2020-01-01T00:00:00Z')
  assert.equal(own.length, 3)
  assert.deepEqual(new Set(own).size, 1)
  assert.notEqual(own[0], base)
})

test('a copy from the context of a build that is cancelled is made by the other one, from its own', async () => {
  const world = fakeWorld()
  const copying = Promise.withResolvers<void>()
  const from: string[] = []
  world.files.copy = ({ from: root, signal }) => {
    from.push(root)
    copying.resolve()
    if (from.length > 1) return Promise.resolve()
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const request = (root: string): BuildRequest => {
    const plain = world.request('FROM a\nCOPY f /\n')
    const tree = { ...world.files.tree(root), digest: world.files.tree('same').digest }
    return { ...plain, sources: { ...plain.sources, context: async () => tree } }
  }
  const builder = createBuilder(world)
  const first = new AbortController()
  const one = builder.build(request('one'), first.signal, () => undefined)
  await copying.promise
  const begun = Promise.withResolvers<void>()
  const two = builder.build(request('two'), new AbortController().signal, (event) => {
    if (event.type === 'step' && event.name.includes('COPY')) begun.resolve()
  })
  await begun.promise
  first.abort(new Error('cancelled'))
  await assert.rejects(one, /cancelled/)
  await two
  assert.deepEqual(from, ['one', 'two'])
  assert.equal(world.open, 0)
})

test('a step that fails ends the others, and leaves nothing open', async () => {
  const world = fakeWorld(async ({ step, signal }) => {
    if (step.args.at(-1) === 'fail') return 3
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return 137
  })
  const text = 'FROM a AS x\nRUN fail\nFROM a AS y\nRUN wait\nFROM a\nCOPY --from=x / /\nCOPY --from=y / /\n'
  await assert.rejects(build(world, world.request(text)), {
    message: 'process "/bin/sh -c fail" did not complete successfully: exit code: 3',
  })
  assert.equal(world.open, 0)
  assert.equal(world.records.size, 0)
})

test('secrets reach the process, and neither the key nor the history', async () => {
  const seen: string[] = []
  const world = fakeWorld(async ({ variables, mounts }) => {
    seen.push(...variables, ...mounts.map((mount) => (mount.type === 'file' ? mount.target : '')))
    return 0
  })
  const text = 'FROM a\nRUN --mount=type=secret,id=known,env=TOKEN --mount=type=secret,id=known use\n'
  const { results } = await build(world, world.request(text))
  assert.deepEqual(seen, ['TOKEN=hidden', '/run/secrets/known'])
  assert.ok(!JSON.stringify([results, [...world.records]]).includes('hidden'))
  await assert.rejects(
    build(world, world.request('FROM a\nRUN --mount=type=secret,id=other,required x\n')),
    /secret other: not found/,
  )
})

test('a result from elsewhere spares the stages that it was copied from, as long as nothing in them has changed', async () => {
  const text = [
    ...[
      'FROM a AS tools',
      'RUN tools',
      'FROM a AS made',
      'ARG V',
      'COPY src /',
      'RUN make',
      'FROM b',
      'RUN base',
    ],
    ...['COPY --from=made /out /', 'RUN --mount=from=tools,target=/t use', 'COPY --link --from=made /x /'],
  ].join('\n')
  const here = fakeWorld()
  const given = new Map<string, Pick<BuiltRecord, 'snapshot' | 'createdAt'>>()
  const [{ records, snapshot } = assert.fail()] = (
    await build(here, here.request(text, { recordsGo: 'result' }))
  ).results
  const inResult = new Set(snapshot.layers.map(({ chainId }) => chainId))
  for (const { key, ...made } of records) {
    const { layers } = made.snapshot
    const isLinked = layers.length === 1
    if (isLinked || inResult.has(layers.at(-1)?.chainId ?? ('' as Digest))) given.set(key, made)
  }
  const remoteCaches = [{ find: async (key: string) => given.get(key) ?? null }]
  const elsewhere = async (changes: Partial<BuildRequest> = {}, prepare = (_: FakeWorld) => {}) => {
    const world = fakeWorld()
    prepare(world)
    const { results, cached } = await build(world, world.request(text, { remoteCaches, ...changes }))
    return { world, ran: world.ran.toSorted(), layers: results[0]?.snapshot.layers, cached }
  }
  const found = await elsewhere()
  assert.deepEqual([found.ran, found.world.copied], [[], []])
  assert.deepEqual(found.layers, snapshot.layers)
  assert.deepEqual(found.cached, Array(10).fill(true))
  // From then on it is known there.
  await build(found.world, found.world.request(text))
  assert.deepEqual([found.world.ran, found.world.copied], [[], []])
  const stages = ['make', 'tools', 'use']
  const changed = await elsewhere({}, ({ contents }) => void contents.set('src', 'changed'))
  assert.deepEqual(changed.ran, stages)
  assert.deepEqual((await elsewhere({ args: new Map([['V', '1']]) })).ran, stages)
  assert.deepEqual((await elsewhere({ noCacheFilter: ['made'] })).ran, stages)
  assert.deepEqual((await elsewhere({ noCache: true })).ran, ['base', ...stages])
  // What goes to others whole must be whole.
  assert.deepEqual((await elsewhere({ recordsGo: 'all' })).ran, stages)
})

test('proxies are no part of the key', async () => {
  const world = fakeWorld()
  const args = (value: string) => new Map([['http_proxy', value]])
  await build(world, world.request('FROM a\nRUN x\n', { args: args('one') }))
  await build(world, world.request('FROM a\nRUN x\n', { args: args('two') }))
  assert.deepEqual(world.ran, ['x'])
})

test('the cache is pruned by use, and not under a running build', async () => {
  const world = fakeWorld()
  await build(world, world.request('FROM a\nRUN one\nRUN two\n'))
  const usage = world.cache.usage(new Set())
  const inImages = new Set(usage.map(({ layers }) => layers[0]?.chainId ?? ''))
  const place = { now: Date.now(), free: 0, inImages }
  assert.deepEqual(
    usage.map(({ parents }) => parents.length),
    [0, 1],
  )
  const { gone, freed } = planPrune(usage, { reservedSpace: 1 }, place)
  assert.deepEqual([gone.length, freed], [1, 1])
  assert.match(gone[0]?.description ?? '', /two/)
  const [record] = world.cache.records()
  using _held = world.cache.hold(record?.inputs ?? {})
  assert.equal(world.cache.remove(record?.key ?? ''), false)
  assert.equal(planPrune(world.cache.usage(new Set()), {}, place).gone.length, 1)
})

test('a rule of pruning: what may go, and how far', () => {
  const at = (minutes: number): string => new Date(minutes * 60_000).toISOString()
  const layer = (name: string) =>
    ({ diffId: `sha256:${name}`, chainId: `sha256:${name}`, size: 10 }) as SnapshotLayer
  const record = (id: string, minutes: number, rest: Partial<CacheUsage> = {}): CacheUsage => ({
    ...{ id, type: 'regular', parents: [], description: id, createdAt: at(0), usedAt: at(minutes), uses: 1 },
    ...{ inUse: false, shared: false, size: 10, layers: [layer(id)] },
    ...rest,
  })
  const usage = [
    record('a', 1),
    record('b', 3),
    record('c', 2, { shared: true }),
    record('d', 0, { inUse: true }),
  ]
  const plan = (rule: PruneRule, free = 0): string[] =>
    planPrune(usage, rule, { now: 10 * 60_000, free, inImages: new Set(['sha256:c']) }).gone.map(
      ({ id }) => id,
    )
  assert.deepEqual(plan({}), ['a', 'b'])
  assert.deepEqual(plan({ all: true }), ['a', 'c', 'b'])
  assert.deepEqual(plan({ unusedFor: 8 * 60_000 }), ['a'])
  assert.deepEqual(plan({ matches: ({ id }) => id === 'b' }), ['b'])
  assert.deepEqual(plan({ maxUsedSpace: 20 }), ['a'])
  assert.deepEqual(plan({ maxUsedSpace: 5, reservedSpace: 20 }), ['a'])
  assert.deepEqual(plan({ minFreeSpace: 15 }, 5), ['a'])
  assert.deepEqual(plan({ minFreeSpace: 15 }, 20), [])
})

test('cache mounts: noted, in use while a step has them, replaced and removed', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-mounts-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const mounts = new CacheMounts(root)
  const mount: RunMount = { type: 'cache', id: 'go', target: '/go', readonly: false } as never
  const used = await mounts.open(
    mount,
    async (path) => writeFile(join(path, 'first'), ''),
    new AbortController().signal,
  )
  const [found] = await mounts.list()
  assert.deepEqual([found?.id, found?.inUse, found?.uses], ['go', true, 1])
  assert.equal(await mounts.remove(found?.name ?? ''), false)
  await assert.rejects(
    mounts.replace('go', async () => undefined),
    { kind: 'Conflict' },
  )
  await used[Symbol.asyncDispose]()
  await assert.rejects(
    mounts.replace('go', () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.deepEqual(await readdir(found?.path ?? ''), ['first'])
  await mounts.replace('go', async (path) => writeFile(join(path, 'second'), ''))
  assert.deepEqual(await readdir(found?.path ?? ''), ['second'])
  // The first that uses it says whose it is, and nobody after that.
  const owned = async (mode: string): Promise<string> => {
    const about = { ...mount, mode } as never
    const directory = await mounts.open(about, async () => undefined, new AbortController().signal)
    await directory[Symbol.asyncDispose]()
    return ((await stat(directory.path)).mode & 0o777).toString(8)
  }
  assert.deepEqual([await owned('0700'), await owned('0711')], ['700', '700'])
  assert.equal(await mounts.remove('../go'), false)
  assert.equal(await mounts.remove(found?.name ?? ''), true)
  assert.deepEqual(await readdir(root), [])
})

test('a locked cache mount is one user’s at a time, also when one that waits gives up', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-mounts-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const mounts = new CacheMounts(root)
  const mount = { type: 'cache', id: 'apt', target: '/apt', sharing: 'locked', readonly: false } as never
  const open = (signal = new AbortController().signal) => mounts.open(mount, async () => undefined, signal)
  const first = await open()
  const gone = new AbortController()
  const second = open(gone.signal)
  gone.abort(new Error('given up'))
  await assert.rejects(second, /given up/)
  let has = false
  const third = open().then((directory) => {
    has = true
    return directory
  })
  await mounts.list() // whoever need not wait has it by now
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(has, false)
  await first[Symbol.asyncDispose]()
  await (await third)[Symbol.asyncDispose]()
  await (await open())[Symbol.asyncDispose]()
})

test('a linked copy is kept when what is below it changes', async () => {
  const world = fakeWorld()
  const layers = async (base: string): Promise<string[]> => {
    const { results } = await build(world, world.request(`FROM ${base}\nCOPY --link f /\n`))
    return results[0]?.snapshot.layers.map(({ diffId }) => diffId) ?? []
  }
  const [one, other] = [await layers('a'), await layers('b')]
  assert.deepEqual(world.copied, ['f'])
  assert.equal(one[1], other[1])
  assert.notEqual(one[0], other[0])
})

test('stages that are to be built anew are', async () => {
  const world = fakeWorld()
  const text =
    'FROM a AS one\nRUN one\nFROM a AS Two\nRUN two\nFROM a\nCOPY --from=one f /\nCOPY --from=two g /\n'
  await build(world, world.request(text))
  await build(world, world.request(text, { noCacheFilter: ['TWO'] }))
  assert.deepEqual(world.ran.toSorted(), ['one', 'two', 'two'])
})

test('a step that was not cached says why, without telling values', async () => {
  const world = fakeWorld()
  const text = (base: string): string => `FROM ${base}\nARG V\nARG W\nRUN x\nCOPY f /\n`
  const why = async (base: string, value: string, content: string): Promise<(string | undefined)[]> => {
    world.contents.set('f', content)
    const args = new Map([
      ['V', value],
      ['W', 'same'],
    ])
    const { events } = await build(world, world.request(text(base), { args }))
    return events.flatMap((event) => (event.type === 'end' && !event.cached ? [event.why] : []))
  }
  assert.deepEqual(await why('a', 'one', '1'), ['', ''])
  assert.deepEqual((await why('a', 'hidden', '1'))[0], 'its environment (V)')
  assert.deepEqual(await why('a', 'hidden', '2'), ['what it copies'])
  assert.deepEqual((await why('b', 'hidden', '2'))[0], 'the base image b')
})

test('arguments that nothing asks for are told of, those that a base image asks for are not', async () => {
  const world = fakeWorld()
  const { image } = world.snapshots
  world.snapshots.image = async (...asked) => {
    const base = await image(...asked)
    const OnBuild = ['ARG HERS=1', 'COPY <<E /f\n$HERS\nE\n']
    return { ...base, config: { ...base.config, config: { OnBuild } } }
  }
  const args = new Map(['HERS', 'OWN', 'NOBODYS'].map((name) => [name, 'x']))
  const { events } = await build(world, world.request('FROM a\nARG OWN\nRUN x\n', { args }))
  const unused = events.flatMap((event) => (event.type === 'unused-arguments' ? event.names : []))
  assert.deepEqual(unused, ['NOBODYS'])
})

test('others have their turn while very many states are told', async () => {
  const world = fakeWorld()
  let turns = 0
  let counting = true
  const count = (): void => {
    turns++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  await build(world, world.request(`FROM a\n${'ENV X=1\n'.repeat(400)}`, { classic: true }))
  counting = false
  assert.ok(turns > 5, `${turns} turns`)
})
