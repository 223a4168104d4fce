import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { until } from '../../../test/until.ts'
import { fakeEngine, serve } from '../testing/fake-engine.ts'

/** What the server says until it has said `parts` things or hangs up; rejects when the connection breaks before. */
async function answers(socket: Socket, parts: number): Promise<string[]> {
  let text = ''
  const found = () => text.match(/HTTP\/1\.1 \d+[\s\S]*?\r\n\r\n\{[^}]*\}/g) ?? []
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk
    if (found().length === parts) break
  }
  return found()
}

const head = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

test('a small body that nobody wanted is read, and the connection goes on', async () => {
  await using server = await serve(fakeEngine({}))
  const socket = connect(server.socket)
  socket.write(head('/v1.41/services/create', 200_000))
  for (let sent = 0; sent < 200_000; sent += 20_000) {
    socket.write(Buffer.alloc(20_000, ' '))
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.write(`GET /v1.41/nosuch HTTP/1.1\r\nHost: x\r\n\r\n`)
  const [first = '', second = ''] = await answers(socket, 2)
  assert.match(first, /^HTTP\/1\.1 503 [\s\S]*This node is not a swarm manager/)
  assert.doesNotMatch(first, /Connection: close/i)
  assert.match(second, /^HTTP\/1\.1 404 /)
  socket.destroy()
})

test('a client that sends without listening gets its answer all the same', async () => {
  await using server = await serve(fakeEngine({}))
  for (const path of ['/v1.41/services/create', '/v1.41/containers/create']) {
    const length = 20 << 20
    const socket = connect(server.socket)
    socket.pause()
    socket.write(head(path, length))
    const piece = Buffer.alloc(1 << 20, ' ')
    for (let sent = 0; sent < length; sent += piece.length)
      if (!socket.write(piece)) await once(socket, 'drain')
    const [answer = ''] = await answers(socket, 1)
    assert.match(answer, /^HTTP\/1\.1 (503|400) /)
    assert.match(answer, /Connection: close/i)
    socket.destroy()
  }
})

test('a client that never sends the rest has its answer and is let go', async () => {
  await using server = await serve(fakeEngine({}))
  const socket = connect(server.socket)
  socket.write(head('/v1.41/services/create', 100))
  const [answer = ''] = await answers(socket, 1)
  assert.match(answer, /^HTTP\/1\.1 503 /)
  socket.resume()
  await once(socket, 'close')
})

test('a client that hangs up in the middle is forgotten', async () => {
  await using server = await serve(fakeEngine({}))
  const socket = connect(server.socket)
  socket.write(head('/v1.41/services/create', 1 << 20), () => socket.destroy())
  await once(socket, 'close')
  assert.equal((await server.call('GET', '/_ping')).status, 200)
})

test('a stop of the server does not wait for an archive of which nothing comes', {
  timeout: 60_000,
}, async (t) => {
  let reading = 0
  const wait = async (archive: Readable) => {
    for await (const _ of archive) reading++
    return 'sha256:0' as const
  }
  const load = async function* (archive: Readable) {
    yield { stream: await wait(archive) }
  }
  await using server = await serve(fakeEngine({ images: { load, import: wait } }))
  for (const path of ['/v1.41/images/load', '/v1.41/images/create?fromSrc=-']) {
    const socket = connect(server.socket)
    t.after(() => socket.destroy())
    socket.write(`${head(path, 1000)}x`)
  }
  await until('both to be read', () => reading === 2)
  await server.api.stop(2 ** 31 - 1)
})

test('what the daemon gives up when it stops is refused as what it is', { timeout: 60_000 }, async (t) => {
  let reading = 0
  const uploadLayout = async (archive: Readable) => {
    for await (const _ of archive) reading++
    return 'id'
  }
  await using server = await serve(fakeEngine({ builds: { uploadLayout } }))
  const socket = connect(server.socket)
  t.after(() => socket.destroy())
  socket.write(`${head('/v1.41/build/layouts', 1000)}x`)
  await until('the layout to be read', () => reading === 1)
  await server.api.stop(2 ** 31 - 1)
  const [answer = ''] = await answers(socket, 1)
  assert.match(answer, /^HTTP\/1\.1 503 [\s\S]*the daemon is stopping/)
})
