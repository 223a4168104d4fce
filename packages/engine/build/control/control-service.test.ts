import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { CacheUsage } from '@gantry/build'
import { Channel, control, Definition, history, StatusResponse, serve } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import type { BuildPruneOptions, EngineBuildRequest, ProgressMessage } from '../../contracts.ts'
import { BuildHistory } from './build-history.ts'
import { ControlService } from './control-service.ts'

type Build = (request: EngineBuildRequest) => AsyncIterable<ProgressMessage>

const usage: CacheUsage = {
  id: 'a1',
  parents: [],
  layers: [],
  type: 'regular',
  description: 'RUN make',
  inUse: false,
  shared: false,
  size: 5,
  createdAt: '2026-01-01T00:00:00Z',
  usedAt: '2026-01-01T00:00:00Z',
  uses: 1,
}
const kept = [
  usage,
  { ...usage, id: 'b2', type: 'exec.cachemount' },
  { ...usage, id: 'b3', shared: true },
] as const

/** A client of the control API whose builds are these. `prune` hears what is to go. */
async function client(
  t: TestContext,
  build: Build,
  prune: (options: BuildPruneOptions) => void = () => {},
): Promise<Channel> {
  const directory = await mkdtemp('/tmp/gantry-control-test-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  const server = createServer().listen(`${directory}/s`)
  await once(server, 'listening')
  const socket = connect(`${directory}/s`)
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  const caches = {
    usage: async () => [...kept],
    prune: async (options: BuildPruneOptions) => {
      prune(options)
      return { records: [usage], spaceReclaimed: 5 }
    },
  }
  const builds = {
    build: (_: unknown, request: EngineBuildRequest) => build(request),
    session: async () => async () => undefined,
  }
  const service = new ControlService({ builds, caches, version: '1', history: new BuildHistory() })
  void serve(accepted, service.services())
  const channel = new Channel(socket)
  t.after(() => {
    channel.close()
    service.close()
  })
  return channel
}

const frontend = 'dockerfile.v0'
const vertex = StatusResponse.encode({ vertexes: [{ digest: 'd', name: 'step' }] }).toString('base64')

test('what a short build has told is there when it is asked for after its end', {
  timeout: 60_000,
}, async (t) => {
  const channel = await client(t, async function* () {
    yield { id: 'moby.buildkit.trace', aux: vertex }
    yield { id: 'gantry.cache', aux: { digest: 'sha256:1' } }
    yield { id: 'gantry.result', aux: { names: ['a', 'b'], descriptor: { digest: 'sha256:3' } } }
    yield { id: 'moby.image.id', aux: { ID: 'sha256:2' } }
  })
  const { exporterResponse } = await channel.call(control.solve, { ref: 'r', frontend })
  assert.deepEqual(JSON.parse(exporterResponse.get('cache.manifest') ?? ''), { digest: 'sha256:1' })
  assert.equal(exporterResponse.get('containerimage.config.digest'), 'sha256:2')
  assert.equal(exporterResponse.get('containerimage.digest'), 'sha256:3')
  assert.equal(exporterResponse.get('image.name'), 'a,b')
  const descriptor = Buffer.from(exporterResponse.get('containerimage.descriptor') ?? '', 'base64')
  assert.deepEqual(JSON.parse(String(descriptor)), { digest: 'sha256:3' })
  await using call = channel.open(control.status)
  await call.send({ ref: 'r' })
  await call.end()
  const told = await Array.fromAsync(call.messages())
  assert.deepEqual(
    told.flatMap(({ vertexes }) => vertexes.map(({ name }) => name)),
    ['step'],
  )
})

test('a build goes on from what another one has made', { timeout: 60_000 }, async (t) => {
  const requests: EngineBuildRequest[] = []
  const id = `sha256:${'a'.repeat(64)}`
  const channel = await client(t, async function* (request) {
    requests.push(request)
    const platforms = request.platforms.length > 0 ? request.platforms : ['linux/amd64']
    yield { id: 'gantry.images', aux: platforms.map((platform) => ({ platform, image: id })) }
  })
  const build = async (
    ref: string,
    options: Record<string, string>,
    inputs = new Map<string, Uint8Array>(),
  ) => {
    const solving = channel.call(control.solve, { ref })
    const metadata = { [control.buildHeader]: ref }
    const request = { frontend, options: new Map(Object.entries(options)), inputs }
    const { result } = await channel.call(control.bridge.solve, request, { metadata })
    await channel.call(control.bridge.evaluate, { ref: result?.ref?.id ?? '' }, { metadata })
    await channel.call(control.bridge.return, {}, { metadata })
    await solving
    return result
  }
  const made = (await build('one', {}))?.ref?.definition
  assert.deepEqual(requests[0]?.outputs, [{ type: 'cacheonly', attributes: {} }])
  const [source, end] = made?.operations ?? []
  assert.ok(source && end && made?.metadata)
  // As a client hands it back.
  const definition = Definition.encode({ operations: [source, end], metadata: made.metadata })
  const context = { 'context:base': 'input:context:base', 'input-metadata:context:base': '{}' }
  await build('two', { ...context, 'context:x': 'docker-image://y' }, new Map([['context:base', definition]]))
  assert.deepEqual(requests[1]?.contexts, { base: `target:${id}`, x: 'docker-image://y' })
  const several = await build('several', { platform: 'linux/amd64,linux/arm64' })
  assert.equal(several?.ref, undefined)
  assert.deepEqual([...(several?.refs?.refs ?? []).keys()], ['linux/amd64', 'linux/arm64'])
  const foreign = new Map([['context:base', Definition.encode({ operations: [end] })]])
  const solving = channel.call(control.solve, { ref: 'three' })
  const metadata = { [control.buildHeader]: 'three' }
  const options = new Map(Object.entries(context))
  await assert.rejects(
    channel.call(control.bridge.solve, { frontend, options, inputs: foreign }, { metadata }),
    /LLB definitions are not supported/,
  )
  await channel.call(control.bridge.return, {}, { metadata })
  await solving
})

test('what is asked about a Dockerfile is answered without a build', { timeout: 60_000 }, async (t) => {
  const requests: EngineBuildRequest[] = []
  const channel = await client(t, async function* (request) {
    requests.push(request)
    yield { id: 'gantry.dockerfile', aux: 'FROM a AS one\nFROM one\nARG v=1\n' }
    const warning = { type: 'warning', rule: 'FromAsCasing', message: 'm', lines: { first: 1, last: 1 } }
    yield { id: 'gantry.build', aux: warning }
  })
  const solving = channel.call(control.solve, { ref: 'r' })
  const ask = async (requestid: string): Promise<ReadonlyMap<string, Uint8Array>> => {
    const options = new Map(Object.entries({ requestid, 'frontend.caps': 'x' }))
    const metadata = { [control.buildHeader]: 'r' }
    const { result } = await channel.call(control.bridge.solve, { frontend, options }, { metadata })
    return result?.metadata ?? new Map()
  }
  const json = async (id: string) => JSON.parse(String((await ask(id)).get('result.json')))
  const names = (list: { name: string }[]) => list.map(({ name }) => name)
  assert.deepEqual(names((await json('frontend.targets')).targets), ['one', ''])
  assert.deepEqual(names((await json('frontend.outline')).args), ['v'])
  assert.equal((await json('frontend.lint')).warnings[0].ruleName, 'FromAsCasing')
  assert.equal(String((await ask('frontend.lint')).get('result.statuscode')), '1')
  assert.ok(names(await json('frontend.subrequests.describe')).includes('frontend.outline'))
  await assert.rejects(ask('frontend.nope'), { kind: 'NotImplemented' })
  assert.ok(requests.every(({ check, events, tellDockerfile }) => check && events && tellDockerfile))
  await channel.call(control.bridge.return, {}, { metadata: { [control.buildHeader]: 'r' } })
  await solving
})

test('prune and du take what their filters say, and nothing when they cannot be understood', {
  timeout: 60_000,
}, async (t) => {
  const heard: BuildPruneOptions[] = []
  const none = async function* (): AsyncGenerator<ProgressMessage> {}
  const channel = await client(t, none, (options) => heard.push(options))
  const pruned = async (...filters: string[]): Promise<string[]> => {
    const gone = await prunedRecords(...filters)
    assert.deepEqual(
      gone.map(({ type, description, size }) => [type, description, size]),
      [['regular', 'RUN make', 5]],
    )
    return gone.map(({ id }) => id)
  }
  const prunedRecords = async (...filters: string[]) => {
    await using call = channel.open(control.prune)
    await call.send({ filters, all: true, maxUsedSpace: 7, keepDuration: 60e9 })
    await call.end()
    return await Array.fromAsync(call.messages())
  }
  assert.deepEqual(await pruned('type==regular,id~=a1,shared'), ['a1'])
  assert.deepEqual(await pruned(''), ['a1'])
  const space = { all: true, maxUsedSpace: 7, unusedFor: 60_000 }
  const filters = { type: ['regular'], id: ['a1'], shared: [''] }
  assert.deepEqual(heard.splice(0), [{ ...space, filters }, space])
  await pruned('type!=regular,description~="^a,b",id~=^a')
  const others = { 'type!': ['regular'], 'description~': ['^a,b'], 'id~': ['^a'] }
  assert.deepEqual(heard.splice(0), [{ ...space, filters: others }])
  for (const refused of [
    ['type@=regular'],
    ['description~=a\\"b"'],
    ['description~="\\x"'],
    ['type=="a'],
    ['type==a', 'shared'],
    ['=x'],
  ])
    await assert.rejects(pruned(...refused), { kind: 'InvalidParameter' }, refused.join())
  assert.deepEqual(heard, [])

  const du = async (...filters: string[]) =>
    (await channel.call(control.diskUsage, { filters })).records.map(({ id }) => id)
  assert.deepEqual(await du(), ['a1', 'b2', 'b3'])
  assert.deepEqual(await du('type=="exec.cachemount"'), ['b2'])
  assert.deepEqual(await du('id~=b,shared'), ['b3'])
  assert.deepEqual(await du('type!=exec.cachemount,id!=a1'), ['b3'])
  assert.deepEqual(await du('mutable'), ['b2'])
  await assert.rejects(du('constructor==x'), { kind: 'InvalidParameter' })
})

test('the history of builds: what was asked, told and made, for other connections too, until it is removed', {
  timeout: 60_000,
}, async (t) => {
  const provenance = { '': { buildType: 'x' } }
  const channel = await client(t, async function* ({ target }) {
    yield { id: 'moby.buildkit.trace', aux: vertex }
    if (target === 'broken') yield { error: 'it broke' }
    if (target === 'refused') throw new GantryError('InvalidParameter', 'it makes no sense')
    yield { id: 'gantry.result', aux: { names: ['a'], provenance } }
  })
  const build = (ref: string, target: string) =>
    channel.call(control.solve, { ref, frontend, options: new Map([['target', target]]) })
  const list = async (request: Partial<history.HistoryRequest> = {}) => {
    await using call = channel.open(history.listenHistory)
    await call.send({ earlyExit: true, ...request })
    await call.end()
    return await Array.fromAsync(call.messages())
  }
  assert.deepEqual(await list({ activeOnly: true, ref: 'none' }), [])
  await build('good', 'fine')
  await assert.rejects(build('bad', 'broken'), /it broke/)
  // With the code of failures: clients tell any other by its name.
  await assert.rejects(build('refused', 'refused'), { kind: 'System', message: 'it makes no sense' })
  await channel.call(history.updateHistory, { ref: 'refused', remove: true })
  const [good, bad] = await list()
  assert.equal(good?.type, history.historyEvent.complete)
  assert.equal(good?.record?.options?.get('target'), 'fine')
  assert.equal(good?.record?.exporterResponse?.get('image.name'), 'a')
  assert.equal(good?.record?.totalSteps, 1)
  assert.deepEqual(bad?.record?.error, { code: 2, message: 'it broke' })
  assert.deepEqual(
    (await list({ limit: 1 })).map(({ record }) => record?.ref),
    ['bad'],
  )
  const [attestation] = good?.record?.result?.attestations ?? []
  assert.equal(attestation?.annotations?.get('in-toto.io/predicate-type'), 'https://slsa.dev/provenance/v0.2')
  const digest = attestation?.digest ?? ''
  const { info } = await channel.call(history.contentInfo, { digest })
  assert.deepEqual([info?.digest, info?.size], [digest, attestation?.size])
  const { data } = await channel.call(history.readContent, { digest, offset: 2, size: 9 })
  assert.equal(String(data), 'buildType')
  await assert.rejects(channel.call(history.contentInfo, { digest: 'sha256:0' }), { kind: 'NotFound' })
  await channel.call(history.updateHistory, { ref: 'good', remove: true })
  assert.deepEqual(
    (await list()).map(({ record }) => record?.ref),
    ['bad'],
  )
  await assert.rejects(channel.call(history.updateHistory, { ref: 'good', remove: true }), {
    kind: 'NotFound',
  })
})
