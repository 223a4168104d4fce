import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { ImageLoadOptions } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { fakeEngine, serve } from '../testing/fake-engine.ts'
import { TcpGuard } from './guard.ts'

test('every answer carries the headers of Docker', async () => {
  await using server = await serve(fakeEngine({}))
  const { status, headers, text } = await server.call('GET', '/_ping')
  assert.equal(status, 200)
  assert.equal(text, 'OK')
  assert.equal(headers['api-version'], '1.55')
  assert.equal(headers['docker-experimental'], 'false')
  assert.equal(headers.ostype, 'linux')
  assert.equal(headers.server, 'Gantry/test (linux)')
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  const head = await server.call('HEAD', '/v1.41/_ping')
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
})

test('versions are served from 1.24 to 1.55', async () => {
  await using server = await serve(fakeEngine({ system: { version: async () => ({ Version: '1' }) } }))
  for (const path of ['/version', '/v1.24/version', '/v1.55/version'])
    assert.equal((await server.call('GET', path)).status, 200, path)
  const tooNew = await server.call('GET', '/v1.60/version')
  assert.equal(tooNew.status, 400)
  assert.deepEqual(JSON.parse(tooNew.text), {
    message: 'client version 1.60 is too new. Maximum supported API version is 1.55',
  })
  const tooOld = await server.call('GET', '/v1.10/version')
  assert.equal(tooOld.status, 400)
  assert.equal(
    tooOld.text,
    'client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n',
  )
})

test('what is no endpoint is not found, whatever the method', async () => {
  await using server = await serve(fakeEngine({}))
  for (const [method, path] of [
    ['GET', '/nosuch'],
    ['PUT', '/v1.41/containers/json'],
    ['GET', '/vx/info'],
    ['GET', '/'],
  ] as const) {
    const { status, text, headers } = await server.call(method, path)
    assert.equal(status, 404, path)
    assert.deepEqual(JSON.parse(text), { message: 'page not found' })
    assert.equal(headers['api-version'], undefined)
  }
})

test('a kind of error is a status, and 304 has no body', async () => {
  const fail = (error: unknown) => async () => {
    throw error
  }
  for (const [error, status] of [
    [new GantryError('NotFound', 'No such container: x'), 404],
    [new GantryError('Conflict', 'in use'), 409],
    [new GantryError('InvalidParameter', 'bad'), 400],
    [new GantryError('Forbidden', 'no'), 403],
    [new GantryError('Unavailable', 'later'), 503],
    [new Error('surprise'), 500],
  ] as const) {
    await using server = await serve(fakeEngine({ containers: { start: fail(error) } }))
    const answer = await server.call('POST', '/v1.41/containers/x/start')
    assert.equal(answer.status, status)
    assert.deepEqual(JSON.parse(answer.text), { message: error.message })
  }
  await using server = await serve(
    fakeEngine({ containers: { start: fail(new GantryError('NotModified', 'runs')) } }),
  )
  const answer = await server.call('POST', '/containers/x/start')
  assert.equal(answer.status, 304)
  assert.equal(answer.text, '')
})

test('bodies are checked: type, syntax, field types, size', async () => {
  const created: unknown[] = []
  const engine = fakeEngine({
    containers: {
      create: async (request) => {
        created.push(request)
        return { id: 'a', warnings: [] }
      },
    },
  })
  await using server = await serve(engine)
  const post = (body: string, headers?: Record<string, string>) =>
    server.call('POST', '/v1.41/containers/create?name=n', body, headers)
  const refused = async (body: string, message: string, headers?: Record<string, string>) => {
    const { status, text } = await post(body, headers)
    assert.equal(status, 400, text)
    assert.equal(JSON.parse(text).message, message)
  }
  await refused('{bad json', "invalid JSON: invalid character 'b' looking for beginning of object key string")
  await refused('{}', 'Config cannot be empty in order to create a container')
  await refused('', 'Config cannot be empty in order to create a container')
  await refused('{"Image":"x"}', "unsupported Content-Type header (text/plain): must be 'application/json'", {
    'Content-Type': 'text/plain',
  })
  await refused(
    '{"HostConfig":{"Memory":"much"}}',
    'invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.Memory of type int64',
  )
  await refused(`{"Image":"${'x'.repeat(5 << 20)}"}`, 'request body too large')
  const { status, text } = await post('{"image":"i","Cmd":"sh","Nonsense":1,"HostConfig":null,"Env":["A=1"]}')
  assert.equal(status, 201)
  assert.deepEqual(JSON.parse(text), { Id: 'a', Warnings: [] })
  assert.deepEqual(created, [
    {
      name: 'n',
      platform: undefined,
      config: { Image: 'i', Cmd: ['sh'], Env: ['A=1'] },
      hostConfig: {},
      networkingConfig: {},
    },
  ])
})

test('a client that goes away ends its wait', async () => {
  const aborted = Promise.withResolvers<void>()
  const engine = fakeEngine({
    containers: {
      wait: async (_reference, _condition, signal) => {
        signal?.addEventListener('abort', () => aborted.resolve())
        return {
          result: new Promise<never>((_, reject) =>
            signal?.addEventListener('abort', () => reject(new Error('gone'))),
          ),
        }
      },
    },
  })
  await using server = await serve(engine)
  const outgoing = request({ socketPath: server.socket, method: 'POST', path: '/containers/x/wait' })
  outgoing.on('error', () => {})
  outgoing.end()
  await new Promise((resolve) => outgoing.once('response', resolve))
  outgoing.destroy()
  await aborted.promise
})

test('a wait answers its status line at once and the exit code in the end', async () => {
  const exit = Promise.withResolvers<{ exitCode: number }>()
  await using server = await serve(
    fakeEngine({ containers: { wait: async () => ({ result: exit.promise }) } }),
  )
  const outgoing = request({ socketPath: server.socket, method: 'POST', path: '/v1.41/containers/x/wait' })
  outgoing.end()
  const answer = await new Promise<import('node:http').IncomingMessage>((resolve) =>
    outgoing.once('response', resolve),
  )
  exit.resolve({ exitCode: 3 })
  let body = ''
  for await (const chunk of answer) body += chunk
  assert.deepEqual(JSON.parse(body), { Error: null, StatusCode: 3 })
})

test('a stop of the server ends its streams', async () => {
  const { promise: subscribed, resolve: tell } = Promise.withResolvers<void>()
  const engine = fakeEngine({
    events: {
      subscribe: ({ signal }) => ({
        async *[Symbol.asyncIterator]() {
          yield {
            Type: 'container' as const,
            Action: 'start',
            Actor: { ID: 'a', Attributes: { image: 'i' } },
          }
          tell()
          await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
        },
      }),
    },
  })
  await using server = await serve(engine)
  const call = server.call('GET', '/v1.41/events')
  await subscribed
  await server.api.stop(1_000)
  const { text } = await call
  assert.deepEqual(JSON.parse(text), {
    status: 'start',
    id: 'a',
    from: 'i',
    Type: 'container',
    Action: 'start',
    Actor: { ID: 'a', Attributes: { image: 'i' } },
  })
})

test('a stop of the server is a failure of what was to have a result', { timeout: 60_000 }, async () => {
  for (const rejects of [true, false]) {
    const { promise: begun, resolve: tell } = Promise.withResolvers<void>()
    const load = async function* (_archive: Readable, { signal }: ImageLoadOptions) {
      yield { stream: 'begun' }
      tell()
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
      if (rejects) throw signal?.reason
    }
    await using server = await serve(fakeEngine({ images: { load } }))
    const call = server.call('POST', '/images/load', '')
    await begun
    await server.api.stop(1_000)
    const [first, last] = (await call).text
      .trim()
      .split('\r\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(first, { stream: 'begun' })
    assert.equal(last?.error, 'the daemon is stopping', String(rejects))
  }
})

test('who reads no further than the beginning of a body still answers, and the rest of it may come', async () => {
  const load = async function* (archive: Readable) {
    for await (const _ of archive) throw new GantryError('InvalidParameter', 'no archive')
    yield { stream: 'never' }
  }
  await using server = await serve(fakeEngine({ images: { load } }))
  const socket = connect(server.socket)
  const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')])
  socket.write('POST /images/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  socket.write(piece)
  const [head] = (await once(socket, 'data', { signal: AbortSignal.timeout(60_000) })) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 400 /)
  // More than the buffers of a socket hold: somebody must read it.
  for (let sent = 0; sent < 64; sent++)
    if (!socket.write(piece)) await once(socket, 'drain', { signal: AbortSignal.timeout(60_000) })
  const ended = once(socket, 'close', { signal: AbortSignal.timeout(60_000) })
  socket.end('0\r\n\r\n')
  assert.deepEqual(await ended, [false])
})

test('a failure in a progress stream is its last message, an early one a status', async () => {
  const failing = (before: number) =>
    async function* () {
      for (let n = 0; n < before; n++) yield { stream: `${n}` }
      throw new GantryError('InvalidParameter', 'unexpected EOF')
    }
  await using early = await serve(fakeEngine({ images: { load: failing(0) } }))
  const refused = await early.call('POST', '/images/load', 'x')
  assert.equal(refused.status, 400)
  assert.deepEqual(JSON.parse(refused.text), { message: 'unexpected EOF' })
  await using late = await serve(fakeEngine({ images: { load: failing(1) } }))
  const begun = await late.call('POST', '/images/load', 'x')
  assert.equal(begun.status, 200)
  assert.deepEqual(
    begun.text
      .trim()
      .split('\r\n')
      .map((line) => JSON.parse(line)),
    [{ stream: '0' }, { errorDetail: { message: 'unexpected EOF' }, error: 'unexpected EOF' }],
  )
})

test('names with slashes and escapes reach the image service whole', async () => {
  const seen: string[] = []
  const history = async (name: string) => {
    seen.push(name)
    return []
  }
  await using server = await serve(fakeEngine({ images: { history } }))
  for (const path of [
    '/images/a/b:1/history',
    '/v1.41/images/a%2Fb%3A1/history',
    '/images/host:5000/a/b@sha256:00/history',
  ])
    await server.call('GET', path)
  assert.deepEqual(seen, ['a/b:1', 'a/b:1', 'host:5000/a/b@sha256:00'])
  assert.equal((await server.call('GET', '/images/%zz/history')).status, 400)
})

test('TCP API: a foreign Host or Origin is forbidden, on upgrades too', async () => {
  const engine = fakeEngine({ system: { version: async () => ({}) } })
  await using server = await serve(engine, { guard: new TcpGuard(['gantry.example']) })
  const status = async (headers: Record<string, string>) =>
    (await server.call('GET', '/version', undefined, headers)).status
  assert.equal(await status({ Host: 'localhost:2375' }), 200)
  assert.equal(await status({ Host: '192.0.2.1:2375' }), 200)
  assert.equal(await status({ Host: '[::1]:2375' }), 200)
  assert.equal(await status({ Host: 'Gantry.example' }), 200)
  assert.equal(await status({ Host: 'rebound.example:2375' }), 403)
  assert.equal(await status({ Host: 'localhost:2375', Origin: 'http://localhost:2375' }), 200)
  assert.equal(await status({ Host: 'localhost:2375', Origin: 'http://evil.example' }), 403)
  assert.equal(await status({ Host: 'localhost:2375', Origin: 'null' }), 403)
  for (const upgrade of ['tcp', 'websocket']) {
    const answer = await raw(
      server.socket,
      `POST /containers/x/attach HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1.1 403 /)
  }
})

test('a malformed or oversized head is refused', async () => {
  await using server = await serve(fakeEngine({}))
  assert.match(await raw(server.socket, 'nonsense\r\n\r\n'), /^HTTP\/1.1 400 /)
  const long = `GET /_ping HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`
  assert.match(await raw(server.socket, long), /^HTTP\/1.1 431 /)
})

/** Sends bytes as they are and reads to the end. */
async function raw(socketPath: string, bytes: string): Promise<string> {
  const socket = connect(socketPath)
  socket.on('error', () => {})
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

test('a daemon that stops finishes what it has begun, and begins nothing more on open connections', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const list = async () => {
    asked.resolve()
    await answer.promise
    return []
  }
  await using server = await serve(fakeEngine({ containers: { list } }))
  const socket = connect(server.socket)
  const ping = 'GET /containers/json HTTP/1.1\r\nHost: x\r\n\r\n'
  socket.write(ping)
  await asked.promise
  const stopped = server.api.stop(10_000)
  socket.write(ping)
  answer.resolve()
  const statuses = (await text(socket)).match(/HTTP\/1.1 \d+/g)
  assert.deepEqual(statuses, ['HTTP/1.1 200', 'HTTP/1.1 503'])
  await stopped
})

test('whoever sends a head or a JSON body byte by byte is cut off', async () => {
  await using server = await serve(
    fakeEngine({ containers: { create: async () => ({ id: 'x', warnings: [] }) } }),
    {
      patience: 400,
    },
  )
  const beginnings = [
    'GET /_ping HTTP/1.1\r\nX-Slow: ',
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"Image":"',
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n{"Image":"',
  ]
  await Promise.all(
    beginnings.map(async (beginning) => {
      const socket = connect(server.socket)
      socket.on('error', () => {}) // it may be cut in the middle of a byte
      socket.resume()
      socket.write(beginning)
      const drip = setInterval(() => socket.write('x'), 20)
      await new Promise((resolve) => socket.once('close', resolve))
      clearInterval(drip)
    }),
  )
  assert.equal((await server.call('GET', '/_ping')).status, 200)
})

test('a connection that is switched over and then not taken is hung up', async () => {
  const session = async () => async () => {
    throw new GantryError('Conflict', 'session x already exists')
  }
  await using server = await serve(fakeEngine({ builds: { session } }))
  const head = 'POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
  assert.match(await raw(server.socket, head), /^HTTP\/1.1 101 /)
})

test('lists of a build that are no lists of texts are refused', async () => {
  await using server = await serve(fakeEngine({}))
  for (const query of ['extrahosts=[1]', 'extrahosts=[{}]', 'cachefrom=[1]', 'cachefrom={}', 'cacheto=5']) {
    const { status, text } = await server.call('POST', `/build?${encodeURI(query)}`)
    assert.equal(status, 400, query)
    assert.match(text, /invalid value of the parameter/)
  }
})
