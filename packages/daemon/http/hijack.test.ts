import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { type FakeSession, fakeEngine, fakeSession, serve } from '../testing/fake-engine.ts'

const upgradeHeaders = 'Connection: Upgrade\r\nUpgrade: tcp\r\n'

function attachTo(session: FakeSession) {
  return fakeEngine({ containers: { attach: async () => session } })
}

/** Sends an attach request and resolves with the head of the answer; the socket then holds what follows it. */
async function attach(socketPath: string, headers: string, path = '/v1.44/containers/x/attach?stream=1') {
  const socket = connect({ path: socketPath, allowHalfOpen: true })
  socket.write(`POST ${path} HTTP/1.1\r\nHost: docker\r\n${headers}\r\n`)
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString('latin1')
  }
  socket.pause()
  const [top = '', rest = ''] = head.split(/\r\n\r\n(.*)/s)
  if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'))
  return { socket, head: top }
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

for (const [name, headers, status] of [
  ['with an upgrade', upgradeHeaders, 'HTTP/1.1 101 UPGRADED'],
  ['without one', '', 'HTTP/1.1 200 OK'],
] as const) {
  test(`attach ${name}: frames out, bytes in, half close`, async () => {
    const session = fakeSession()
    await using server = await serve(attachTo(session))
    const { socket, head } = await attach(server.socket, headers)
    assert.equal(head.split('\r\n')[0], status)
    socket.end('to the process')
    assert.equal(await text(session.stdin as NonNullable<typeof session.stdin>), 'to the process')
    session.output.write({ stream: 'stdout', data: Buffer.from('out') })
    session.output.write({ stream: 'stderr', data: Buffer.from('err!') })
    session.output.end()
    const bytes = await readAll(socket)
    assert.equal(bytes.toString('latin1'), '\x01\0\0\0\0\0\0\x03out\x02\0\0\0\0\0\0\x04err!')
    await session.closed
  })
}

test('the content type says what the stream is, from 1.42 on', async () => {
  for (const [terminal, version, type] of [
    [false, '1.41', 'raw-stream'],
    [false, '1.42', 'multiplexed-stream'],
    [true, '1.42', 'raw-stream'],
  ] as const) {
    const session = fakeSession({ terminal })
    await using server = await serve(attachTo(session))
    const { socket, head } = await attach(server.socket, upgradeHeaders, `/v${version}/containers/x/attach`)
    assert.match(head, new RegExp(`Content-Type: application/vnd.docker.${type}`))
    session.output.end({ stream: 'stdout', data: Buffer.from('x') })
    assert.equal((await readAll(socket)).length, terminal ? 1 : 9)
  }
})

test('an error before the stream is an ordinary answer', async () => {
  const engine = fakeEngine({
    containers: {
      attach: async () => {
        throw new GantryError('NotFound', 'No such container: x')
      },
    },
  })
  await using server = await serve(engine)
  const { socket, head } = await attach(server.socket, upgradeHeaders)
  assert.match(head, /^HTTP\/1.1 404 Not Found\r\nApi-Version: 1.55\r\n/)
  assert.deepEqual(JSON.parse((await readAll(socket)).toString()), { message: 'No such container: x' })
})

test('an exec gets its options from the body and its input after it, in one packet or two', async () => {
  for (const pause of [0, 30]) {
    const session = fakeSession()
    const seen: unknown[] = []
    const engine = fakeEngine({
      execs: {
        start: async (id, options) => {
          seen.push(id, options)
          return session
        },
      },
    })
    await using server = await serve(engine)
    const socket = connect({ path: server.socket, allowHalfOpen: true })
    socket.write(
      `POST /v1.44/exec/e/start HTTP/1.1\r\nHost: docker\r\n${upgradeHeaders}Content-Type: application/json\r\nContent-Length: 28\r\n\r\n`,
    )
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    socket.write('{"Detach":false,"Tty":false}')
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1.1 101 UPGRADED/)
    socket.end('input')
    assert.equal(await text(session.stdin as NonNullable<typeof session.stdin>), 'input')
    session.output.end()
    await readAll(socket)
    assert.deepEqual(seen, ['e', { detach: false, tty: false, consoleSize: undefined, resumable: false }])
  }
})

test('CVE-2022-31030: a client that does not read holds back the process, not the memory', async () => {
  const session = fakeSession({ stdin: false })
  await using server = await serve(attachTo(session))
  const { socket } = await attach(server.socket, upgradeHeaders)
  const piece = { stream: 'stdout', data: Buffer.alloc(64 * 1024) }
  let written = 0
  while (written < 1_000) {
    const room = session.output.write(piece)
    written++
    if (room) continue
    const drained = await Promise.race([
      once(session.output, 'drain').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 200, false)),
    ])
    if (!drained) break
  }
  assert.ok(written < 100, `${written} pieces were taken`)
  session.output.end()
  assert.equal((await readAll(socket)).length, written * (64 * 1024 + 8))
})

test('CVE-2022-23471: a client that vanishes closes its session', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const { socket } = await attach(server.socket, upgradeHeaders)
  socket.destroy()
  await session.closed
})

test('a process that has closed its input does not hold up the client', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const { socket } = await attach(server.socket, upgradeHeaders)
  session.stdin?.destroy(new Error('EPIPE'))
  socket.write(Buffer.alloc(1 << 20))
  socket.end()
  session.output.end({ stream: 'stdout', data: Buffer.from('done') })
  assert.equal((await readAll(socket)).subarray(8).toString(), 'done')
})

test('a stop of the server drops attached clients', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const { socket } = await attach(server.socket, upgradeHeaders)
  await server.api.stop(1_000)
  assert.equal((await readAll(socket)).length, 0)
  await session.closed
})
