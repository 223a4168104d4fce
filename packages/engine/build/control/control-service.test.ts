import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Channel, control, StatusResponse, serve } from '@gantry/buildkit'
import type { EngineBuildRequest, ProgressMessage } from '../../contracts.ts'
import { ControlService } from './control-service.ts'

type Build = (request: EngineBuildRequest) => AsyncIterable<ProgressMessage>

/** A client of the control API whose builds are these. */
async function client(t: TestContext, build: Build): Promise<Channel> {
  const directory = await mkdtemp('/tmp/gantry-control-test-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  const server = createServer().listen(`${directory}/s`)
  await once(server, 'listening')
  const socket = connect(`${directory}/s`)
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  const caches = { usage: async () => [], prune: async () => ({ records: [], spaceReclaimed: 0 }) }
  const builds = { build: (_: unknown, request: EngineBuildRequest) => build(request) }
  const service = new ControlService({ builds, caches, version: '1' })
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
    yield { id: 'moby.image.id', aux: { ID: 'sha256:2' } }
  })
  const { exporterResponse } = await channel.call(control.solve, { ref: 'r', frontend })
  assert.deepEqual(JSON.parse(exporterResponse.get('cache.manifest') ?? ''), { digest: 'sha256:1' })
  assert.equal(exporterResponse.get('containerimage.digest'), 'sha256:2')
  await using call = channel.open(control.status)
  await call.send({ ref: 'r' })
  await call.end()
  const told = await Array.fromAsync(call.messages())
  assert.deepEqual(
    told.flatMap(({ vertexes }) => vertexes.map(({ name }) => name)),
    ['step'],
  )
})
