import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { isKind } from '@gantry/errors'
import { session as sessionMethod } from '../control/control.ts'
import { goMode } from '../files/mode.ts'
import { type FileStat, Stat } from '../files/packet.ts'
import { Channel } from '../grpc/channel.ts'
import { serve, streaming } from '../grpc/server.ts'
import { connectionIn } from '../grpc/tunnel.ts'
import type { CallerSession } from './caller.ts'
import type { FilesRequest } from './files-request.ts'
import { sessionDescription, sessionHeaders } from './headers.ts'
import { type Offer, servicesOf } from './offer.ts'
import { Sessions } from './sessions.ts'
import { sockets } from './testing.ts'

const never = new AbortController().signal

async function session(
  t: TestContext,
  offer: Offer,
): Promise<{ caller: CallerSession; client: Socket; all: Sessions }> {
  const [client, daemon] = await sockets(t)
  const services = servicesOf(offer)
  void serve(client, services)
  const all = new Sessions()
  const description = { id: 'one', name: 'n', sharedKey: 'k', methods: services.map(({ path }) => path) }
  void all.hold(description, daemon, never)
  return { caller: await all.get('one', never), client, all }
}

const file = (path: string, size: number): FileStat => ({
  ...Stat.decode(new Uint8Array(0)),
  path,
  size,
  mode: goMode('file', 0o600),
})

test('files come as they were asked for, larger than any window', async (t) => {
  const asked: FilesRequest[] = []
  const content = Buffer.alloc(9 << 20, 'x')
  const { caller } = await session(t, {
    files(request) {
      asked.push(request)
      return {
        entries: () => [file('big', content.length), file('small', 1)],
        *content({ size }) {
          for (let at = 0; at < size; at += 1 << 20)
            yield content.subarray(at, Math.min(size, at + (1 << 20)))
        },
      }
    },
  })
  const request = { directory: 'context', include: ['a b', 'ä,b'], exclude: ['!x', '*.log'], follow: ['/c'] }
  let size = 0
  const sink = {
    entry: () => true,
    data(_: string, data: Uint8Array) {
      size += data.length
    },
    complete() {},
  }
  assert.equal(await caller.receiveFiles(request, sink, never), content.length + 1)
  assert.equal(size, content.length + 1)
  assert.deepEqual(asked, [request])
})

test('secrets and credentials', async (t) => {
  const { caller } = await session(t, {
    secret: async (id) => (id === 's' ? Buffer.from('hidden') : null),
    credentials: async (host) => ({ username: 'u', secret: host }),
  })
  assert.equal(String(await caller.secret('s', never)), 'hidden')
  assert.equal(await caller.secret('t', never), null)
  assert.deepEqual(await caller.credentials('h', never), { username: 'u', secret: 'h' })
  await assert.rejects(caller.sendFile((async function* () {})(), never), /does not answer .*FileSend/)
})

test('an agent is reached through a socket that goes away', async (t) => {
  const directory = await mkdtemp('/tmp/gantry-session-test-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  const agent = createServer((socket) => socket.on('data', (data) => socket.end(`re: ${data}`)))
  agent.listen(`${directory}/agent`)
  t.after(() => agent.close())
  const { caller } = await session(t, {
    agent: (id) => (id === 'default' ? () => connect(`${directory}/agent`) : null),
  })
  assert.equal(await caller.agent('other', `${directory}/o`, never), null)
  {
    await using found = await caller.agent('default', `${directory}/d`, never)
    const socket = connect(found?.path ?? '')
    socket.write('hello')
    let answer = ''
    for await (const data of socket) answer += data
    assert.equal(answer, 're: hello')
    assert.equal((await stat(`${directory}/d`)).mode & 0o777, 0o700)
  }
  await assert.rejects(readFile(`${directory}/d/agent.sock`), { code: 'ENOENT' })
})

test('a client that goes ends what waits for it', async (t) => {
  const { caller, client, all } = await session(t, { secret: () => new Promise(() => {}) })
  const waiting = caller.secret('s', never)
  setTimeout(() => client.destroy(), 50)
  await assert.rejects(waiting, (error) => isKind(error, 'Unavailable'))
  assert.ok(caller.closed.aborted)
  await assert.rejects(all.get('one', AbortSignal.timeout(50)), /no active session for one/)
})

test('a call that is given up ends at once', async (t) => {
  const { caller } = await session(t, { secret: () => new Promise(() => {}) })
  await assert.rejects(caller.secret('s', AbortSignal.timeout(50)), { name: 'TimeoutError' })
  assert.ok(!caller.closed.aborted)
})

test('a client that speaks no HTTP/2 is dropped', async (t) => {
  const [client, daemon] = await sockets(t)
  const all = new Sessions()
  const held = all.hold({ id: 'x', name: '', sharedKey: '', methods: [] }, daemon, never)
  client.on('error', () => undefined)
  client.write(Buffer.alloc(100_000, 'junk'))
  await held
  assert.ok(daemon.destroyed)
})

test('ids are taken once, and checked', async (t) => {
  const { all } = await session(t, {})
  const description = { name: '', sharedKey: '', methods: [] }
  assert.throws(() => all.check({ ...description, id: 'one' }), /session one already exists/)
  for (const id of ['', 'a b', 'x'.repeat(2000)])
    assert.throws(() => all.check({ ...description, id }), /invalid session/)
})

test('a session whose build was refused is closed, and one that comes later as well', {
  timeout: 30_000,
}, async (t) => {
  const { caller, all } = await session(t, {})
  all.dismiss('one')
  if (!caller.closed.aborted) await once(caller.closed, 'abort')
  // However many others were refused a moment ago.
  for (let count = 0; count < 1000; count++) all.dismiss(`other-${count}`)
  all.dismiss('late')
  const [client, daemon] = await sockets(t)
  const held = all.hold({ id: 'late', name: '', sharedKey: '', methods: [] }, daemon, never)
  await once(client.resume(), 'end')
  client.end()
  await held
  assert.ok(daemon.destroyed)
})

test('headers say what they said', () => {
  const description = { id: 'i', name: 'my dir', sharedKey: 'k', methods: ['/a/B', '/c/D'] }
  const headers = Object.fromEntries(
    Object.entries(sessionHeaders(description)).map(([name, value]) => [name.toLowerCase(), value]),
  )
  assert.deepEqual(sessionDescription(headers), description)
})

test('a session in a call of the control API', { timeout: 60_000 }, async (t) => {
  const [client, daemon] = await sockets(t)
  const all = new Sessions()
  const held = Promise.withResolvers<void>()
  void serve(daemon, [
    streaming(sessionMethod, async (call) => {
      await all.hold(sessionDescription(call.headers), connectionIn(call), call.signal)
      held.resolve()
    }),
  ])
  const channel = new Channel(client)
  const content = Buffer.alloc(3 << 20, 'y')
  const services = servicesOf({
    files: () => ({
      entries: () => [file('big', content.length)],
      *content() {
        yield content
      },
    }),
  })
  const description = { id: 'shared', name: 'n', sharedKey: 'k', methods: services.map(({ path }) => path) }
  await using call = channel.open(sessionMethod, { metadata: sessionHeaders(description) })
  const ended = new AbortController()
  void serve(
    connectionIn({
      messages: () => call.messages(),
      send: (piece) => call.send(piece),
      signal: ended.signal,
    }),
    services,
  )
  const caller = await all.get('shared', never)
  assert.deepEqual(caller.description, description)
  let received = 0
  const sink = {
    entry: async () => true,
    listed: async () => undefined,
    data: async (_: string, piece: Uint8Array) => {
      received += piece.length
    },
    complete: async () => undefined,
  }
  await caller.receiveFiles({ directory: 'context' }, sink, never)
  assert.equal(received, content.length)
  channel.close()
  ended.abort()
  await held.promise
  assert.ok(caller.closed.aborted)
})
