import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { until } from '../../test/until.ts'
import { ApiError } from './api-error.ts'
import { EngineClient } from './engine-client.ts'
import { engineDouble, json } from './testing.ts'

const chunkedHead = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

test('calls one after another share a connection', async (t) => {
  const { client, requests, connections } = await engineDouble(t, (_request, socket) =>
    socket.write(json(200, { Id: 'x' })),
  )
  for (let call = 0; call < 3; call++) await client.call('ContainerInspect', { path: { id: 'a/b c' } })
  assert.equal(connections(), 1)
  assert.equal(requests[0]?.line, 'GET /v1.55/containers/a/b%20c/json')
})

test('calls at the same time do not wait for each other', async (t) => {
  const { client, connections } = await engineDouble(t, (request, socket) => {
    setTimeout(() => socket.write(json(200, { Id: request.line })), request.line.includes('slow') ? 50 : 0)
  })
  const answers = await Promise.all(
    ['slow', 'fast'].map((id) => client.call('ContainerInspect', { path: { id } })),
  )
  assert.deepEqual(
    answers.map((answer) => answer.Id),
    ['GET /v1.55/containers/slow/json', 'GET /v1.55/containers/fast/json'],
  )
  assert.equal(connections(), 2)
})

test('a connection that the engine has closed is replaced', async (t) => {
  let closed = false
  const { client, connections } = await engineDouble(t, (_request, socket) => {
    socket.once('close', () => {
      closed = true
    })
    socket.write(json(200, {}))
    setTimeout(() => socket.destroy(), 5)
  })
  await client.call('SystemInfo')
  await until('the engine to close', () => closed)
  await new Promise((resolve) => setTimeout(resolve, 30))
  await client.call('SystemInfo')
  assert.equal(connections(), 2)
})

test('bodies arrive whatever way they are cut', async (t) => {
  const value = { Id: 'é'.repeat(50) }
  const text = JSON.stringify(value)
  const chunks = chunk(text.slice(0, 7)) + chunk(text.slice(7))
  const answer = `${chunkedHead}${chunks}0\r\nTrailer: x\r\n\r\n`
  const { client, connections } = await engineDouble(t, async (_request, socket) => {
    const bytes = Buffer.from(answer)
    for (let at = 0; at < bytes.length; at += 3) {
      socket.write(bytes.subarray(at, at + 3))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  for (let call = 0; call < 2; call++) {
    assert.deepEqual(await client.call('ContainerInspect', { path: { id: 'a' } }), value)
  }
  assert.equal(connections(), 1)
})

test('an engine that refuses the version is spoken to in its own, once and for all', async (t) => {
  const { client, requests } = await engineDouble(t, (request, socket) => {
    const message = 'client version 1.55 is too new. Maximum supported API version is 1.41'
    socket.write(request.line.includes('/v1.55/') ? json(400, { message }) : json(200, {}))
  })
  await Promise.all([client.call('SystemInfo'), client.call('SystemVersion')])
  await client.call('SystemInfo')
  const lines = requests.map((request) => request.line)
  assert.deepEqual(lines.filter((line) => line.includes('1.41')).length, 3)
  assert.equal(lines.at(-1), 'GET /v1.41/info')
  assert.equal(await client.apiVersion(), '1.41')
})

test('a stream goes out in the right version at once', async (t) => {
  const { client, requests } = await engineDouble(t, (request, socket) => {
    socket.write(
      request.line === 'GET /_ping'
        ? 'HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nOK'
        : json(200, {}),
    )
  })
  await client.call('ImageLoad', { body: Readable.from([Buffer.from('abc'), Buffer.from('de')]) })
  assert.deepEqual(
    requests.map(({ line, body }) => [line, body]),
    [
      ['GET /_ping', ''],
      ['POST /v1.45/images/load', '3\r\nabc\r\n2\r\nde\r\n'],
    ],
  )
})

test('errors have the text and the kind of the status', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) =>
    socket.write(json(404, { message: 'No such container: x' })),
  )
  await assert.rejects(
    client.call('ContainerInspect', { path: { id: 'x' } }),
    (error) =>
      error instanceof ApiError &&
      error.kind === 'NotFound' &&
      error.message === 'Error response from daemon: No such container: x',
  )
})

test('values come one by one and the request ends with the loop', async (t) => {
  let closed = false
  const { client } = await engineDouble(t, (_request, socket) => {
    socket.on('end', () => {
      closed = true
    })
    socket.write(chunkedHead + chunk('{"a":1}\n{"a"') + chunk(':"}{"}{"a":3}\r\n'))
  })
  const seen: unknown[] = []
  for await (const value of client.values<{ a: unknown }>('SystemEvents')) {
    seen.push(value.a)
    if (seen.length === 3) break
  }
  assert.deepEqual(seen, [1, '}{', 3])
  await until('the request to end', () => closed)
})

test('a hijacked connection carries both ways and closes half by half', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) => {
    const received: Buffer[] = []
    socket.write('HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nfirst ')
    socket.on('data', (bytes) => received.push(Buffer.from(bytes)))
    socket.on('end', () => socket.end(`then ${Buffer.concat(received)}`))
  })
  const { stream, multiplexed } = await client.hijack('ContainerAttach', { path: { id: 'a' } })
  stream.write('in')
  stream.end('put')
  let output = ''
  for await (const bytes of stream) output += bytes
  assert.equal(output, 'first then input')
  assert.equal(multiplexed, false)
})

test('a refused hijack is the error it says', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) =>
    socket.write(json(409, { message: 'not running' })),
  )
  await assert.rejects(client.hijack('ContainerAttach', { path: { id: 'a' } }), {
    message: 'Error response from daemon: not running',
  })
})

test('an abort ends a request that waits', async (t) => {
  const { client } = await engineDouble(t, () => {})
  const signal = AbortSignal.timeout(20)
  await assert.rejects(client.call('SystemInfo', { signal }), { name: 'TimeoutError' })
})

test('an abort that comes after the answer takes the connection from nobody else', async (t) => {
  const { client, connections } = await engineDouble(t, (request, socket) => {
    if (request.line.endsWith('/info')) socket.write(json(200, {}))
    else later.promise.then(() => socket.write(json(200, { Version: '1' })))
  })
  const later = Promise.withResolvers<void>()
  const abort = new AbortController()
  await client.call('SystemInfo', { signal: abort.signal })
  const next = client.call('SystemVersion')
  abort.abort()
  later.resolve()
  assert.equal((await next).Version, '1')
  assert.equal(connections(), 1)
})

test('an abort ends an answer that is being read', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) =>
    socket.write(`${chunkedHead}${chunk('{"a":1}\n')}`),
  )
  const abort = new AbortController()
  const read = async () => {
    for await (const _ of client.values('SystemEvents', { signal: abort.signal })) abort.abort()
  }
  await assert.rejects(read)
})

test('the head of an answer can be had before its body', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) => {
    socket.write(chunkedHead)
    setTimeout(() => socket.write(`${chunk('{"StatusCode":3}')}0\r\n\r\n`), 20)
  })
  const pending = await client.open('ContainerWait', { path: { id: 'a' } })
  assert.equal(pending.status, 200)
  assert.equal((await pending.answer).StatusCode, 3)
})

test('an answer that breaks off is an error', async (t) => {
  const { client } = await engineDouble(t, (_request, socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
  )
  await assert.rejects(client.call('SystemInfo'), { message: 'unexpected EOF' })
})

test('nobody listening is told in the words that scripts look for', async () => {
  const client = new EngineClient({
    endpoint: { kind: 'unix', host: 'unix:///nope.sock', path: '/nope.sock' },
  })
  await assert.rejects(client.call('SystemInfo'), {
    message: 'Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon running?',
  })
})

test('a slow reader slows the engine down', async (t) => {
  let sent = 0
  const { client } = await engineDouble(t, async (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    for (; sent < 500; sent++) if (!socket.write(Buffer.alloc(64 * 1024))) await once(socket, 'drain')
    socket.end()
  })
  const body = await client.download('ImageGet', { path: { name: 'a' } })
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(sent < 100, `${sent} pieces were taken from the engine before anyone read`)
  let length = 0
  for await (const bytes of body) length += (bytes as Buffer).length
  assert.equal(length, 500 * 64 * 1024)
})
