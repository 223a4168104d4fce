import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { type Service, serve, streaming } from '../grpc/server.ts'
import { CallerSession } from './caller.ts'
import { readContent, writeContent } from './content.ts'
import { sockets } from './testing.ts'

const signal = AbortSignal.timeout(60_000)

/** A client whose session answers with these services. */
async function caller(t: TestContext, services: Service[]): Promise<CallerSession> {
  const [client, accepted] = await sockets(t)
  void serve(client, services)
  const methods = services.map(({ path }) => path)
  const session = new CallerSession({ id: 'i', name: '', sharedKey: '', methods }, accepted)
  t.after(() => session.close())
  return session
}

/** As containerd answers: each message of a writer with one, a blob that is there with an error. */
function store(blobs: Map<string, Buffer>): Service[] {
  return [
    streaming(readContent, async (call) => {
      for await (const { digest } of call.messages()) {
        const blob = blobs.get(`${call.metadata('buildkit-attachable-store-id')[0]} ${digest}`)
        if (!blob) throw new GantryError('NotFound', `content ${digest}: not found`)
        for (let at = 0; at < blob.length; at += 1000)
          await call.send({ offset: at, data: blob.subarray(at, at + 1000) })
        return
      }
    }),
    streaming(writeContent, async (call) => {
      const [name] = call.metadata('buildkit-attachable-store-id')
      const pieces: Buffer[] = []
      let length = 0
      for await (const { action, expected, offset, data, total } of call.messages()) {
        if (blobs.has(`${name} ${expected}`)) throw new GantryError('Conflict', 'already exists')
        assert.equal(offset, length)
        pieces.push(Buffer.from(data))
        length += data.length
        if (action === 2) {
          assert.equal(length, total)
          blobs.set(`${name} ${expected}`, Buffer.concat(pieces))
        }
        await call.send({ action, offset: length, total })
        if (action === 2) return
      }
    }),
  ]
}

test('blobs go to a content store of the client and come back', { timeout: 90_000 }, async (t) => {
  const blobs = new Map<string, Buffer>()
  const session = await caller(t, store(blobs))
  const content = Buffer.alloc(3 << 20, 'abc')
  const blob = { store: 'local:/a b', digest: 'sha256:1', size: content.length }
  const pieces = async function* () {
    yield content.subarray(0, 2_500_000)
    yield content.subarray(2_500_000)
  }
  await session.writeBlob(blob, pieces(), signal)
  assert.deepEqual([...blobs.keys()], ['local:/a b sha256:1'])
  const read = await Array.fromAsync(session.readBlob(blob, signal))
  assert.ok(Buffer.concat(read).equals(content))
  // Once more: it is there.
  await session.writeBlob(blob, pieces(), signal)
  await session.writeBlob({ ...blob, digest: 'sha256:2', size: 0 }, (async function* () {})(), signal)
  assert.equal(blobs.size, 2)
  const missing = session.readBlob({ ...blob, digest: 'sha256:3' }, signal)
  await assert.rejects(Array.fromAsync(missing), { kind: 'NotFound' })
})

test('a client without content stores is told apart, and one that takes nothing', {
  timeout: 90_000,
}, async (t) => {
  const none = await caller(t, [])
  const blob = { store: 's', digest: 'sha256:1', size: 1 }
  const nothing = (async function* () {})()
  await assert.rejects(none.writeBlob(blob, nothing, signal), /does not answer .*Content\/Write/)
  const silent = await caller(t, [streaming(writeContent, async () => undefined)])
  await assert.rejects(silent.writeBlob(blob, nothing, signal), /does not take blob|has ended|closed/)
})
