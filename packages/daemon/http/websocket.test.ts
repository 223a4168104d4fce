import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { WebSocket } from 'ws'
import { type FakeSession, fakeEngine, fakeSession, serve } from '../testing/fake-engine.ts'
import { TcpGuard } from './guard.ts'
import { serveWebSocket } from './websocket.ts'

const path = '/v1.44/containers/x/attach/ws?stream=1&stdin=1&stdout=1&stderr=1'

function attachTo(session: FakeSession, asked: object[] = []) {
  const attach = async (_id: string, options: object) => {
    asked.push(options)
    return session
  }
  return fakeEngine({ containers: { attach } })
}

function open(socketPath: string, target = path, headers: Record<string, string> = {}): WebSocket {
  const client = new WebSocket(`ws+unix://${socketPath}:${target}`, { headers })
  client.on('error', () => {})
  return client
}

/** The status that a refused handshake is answered with. */
async function refusal(client: WebSocket): Promise<number | undefined> {
  const [, answer] = (await once(client, 'unexpected-response')) as [unknown, { statusCode?: number }]
  client.terminate()
  return answer.statusCode
}

test('output comes as it is, stdout and stderr as one; messages are input; the end closes', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const client = open(server.socket)
  await once(client, 'open')
  session.output.write({ stream: 'stdout', data: Buffer.from('out') })
  const [first, binary] = (await once(client, 'message')) as [Buffer, boolean]
  assert.deepEqual([first.toString(), binary], ['out', true])
  session.output.write({ stream: 'stderr', data: Buffer.from('err') })
  assert.equal(String((await once(client, 'message'))[0]), 'err')
  client.send('typed ')
  client.send(Buffer.from('and sent'))
  session.output.end()
  const [code] = await once(client, 'close')
  assert.equal(code, 1000)
  assert.equal(await text(session.stdin as NonNullable<typeof session.stdin>), 'typed and sent')
  await session.closed
})

test('versions before 1.42 carry all streams, those before 1.28 as text', async () => {
  for (const [version, flags, binary] of [
    ['1.42', undefined, true],
    ['1.41', true, true],
    ['1.27', true, false],
  ] as const) {
    const session = fakeSession()
    const asked: { stdin?: boolean; stderr?: boolean }[] = []
    await using server = await serve(attachTo(session, asked))
    const client = open(server.socket, `/v${version}/containers/x/attach/ws?stream=1&stdout=1`)
    await once(client, 'open')
    session.output.write({ stream: 'stdout', data: Buffer.from('out') })
    assert.equal((await once(client, 'message'))[1], binary)
    assert.equal(asked[0]?.stdin || undefined, flags)
    assert.equal(asked[0]?.stderr || undefined, flags)
    client.close()
    await session.closed
  }
})

test('a client that goes ends the session, and so does one that says too much at once', async () => {
  for (const leave of [
    (client: WebSocket) => client.terminate(),
    (client: WebSocket) => client.send(Buffer.alloc((1 << 20) + 1)),
  ]) {
    const session = fakeSession()
    await using server = await serve(attachTo(session))
    const client = open(server.socket)
    await once(client, 'open')
    leave(client)
    await session.closed
  }
})

test('a client that does not read holds the output back', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const client = open(server.socket)
  await once(client, 'open')
  client.pause()
  const data = Buffer.alloc(1 << 16)
  let accepted = 0
  while (session.output.write({ stream: 'stdout', data }) && accepted < 1000) {
    accepted++
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(accepted < 100, `${accepted} frames were taken from the process`)
  client.terminate()
  await session.closed
})

test('errors are answered before the handshake, and what is no WebSocket is refused', async () => {
  const attach = async () => {
    throw new GantryError('NotFound', 'No such container: x')
  }
  await using missing = await serve(fakeEngine({ containers: { attach } }))
  assert.equal(await refusal(open(missing.socket)), 404)
  const plain = await missing.call('GET', path)
  assert.deepEqual([plain.status, plain.text.trim()], [400, '{"message":"not a websocket request"}'])

  const session = fakeSession()
  await using server = await serve(attachTo(session))
  const socket = connect(server.socket)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  assert.match(await text(socket), /^HTTP\/1.1 400 /)
  await session.closed
})

test('CSRF, DNS rebinding, WebSocket attach hijack: a foreign page cannot attach', async () => {
  const session = fakeSession()
  await using server = await serve(attachTo(session), { guard: new TcpGuard(['gantry.example']) })
  const host = { Host: 'gantry.example:2375' }
  for (const headers of [
    { ...host, Origin: 'http://evil.example' },
    { ...host, Origin: 'null' },
    { Host: 'evil.example', Origin: 'http://evil.example' },
    { Host: 'evil.example' },
  ]) {
    assert.equal(await refusal(open(server.socket, path, headers as Record<string, string>)), 403)
  }
  const own = open(server.socket, path, { ...host, Origin: 'http://gantry.example:2375' })
  await once(own, 'open')
  own.terminate()
  await session.closed
})

test('a client that goes during the handshake leaves no session behind', { timeout: 30_000 }, async () => {
  const session = fakeSession()
  const socket = new PassThrough()
  socket.destroy()
  await once(socket, 'close')
  const request = { headers: {}, method: 'GET' } as IncomingMessage
  const reply = { kind: 'websocket', session, binary: true } as const
  await serveWebSocket(request, socket, reply, new AbortController().signal)
  await session.closed
})
