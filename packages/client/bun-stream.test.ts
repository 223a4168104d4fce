import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Answer, bunProgram as bun, engineDouble, json } from './testing.ts'

/** What the compiled command makes of an engine that answers so. */
async function withBun(t: TestContext, scenario: string, answer: Answer, ...words: string[]) {
  const { client, ...double } = await engineDouble(t, answer)
  const path = client.host.replace('unix://', '')
  const script = join(import.meta.dirname, 'testing-bun.ts')
  const run = promisify(execFile)(bun ?? '', [script, path, scenario, ...words], { timeout: 60_000 })
  return { ...double, result: JSON.parse((await run).stdout) as unknown }
}

/** Sends pieces as fast as they are taken, then does what is left to be done. */
async function send(socket: Socket, pieces: number): Promise<void> {
  for (let number = 0; number < pieces && !socket.destroyed; number++)
    await new Promise((resolve) => socket.write(Buffer.alloc(1 << 20, number + 1), resolve))
}

const sized = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`

test('calls one after another share a connection', { skip: !bun }, async (t) => {
  const { result, connections } = await withBun(t, 'calls', (_request, socket) =>
    socket.write(json(200, { ID: 'a' })),
  )
  assert.deepEqual(result, [{ ID: 'a' }, { ID: 'a' }])
  assert.equal(connections(), 1)
})

test('a connection that the server has closed meanwhile is not used again', { skip: !bun }, async (t) => {
  const answer: Answer = (_request, socket) => socket.end(json(200, { ID: 'a' }))
  const { result, connections } = await withBun(t, 'calls', answer, '200')
  assert.deepEqual(result, [{ ID: 'a' }, { ID: 'a' }])
  assert.equal(connections(), 2)
})

test('an upload waits for a slow server and arrives whole', { skip: !bun }, async (t) => {
  let received = ''
  const { result } = await withBun(t, 'upload', (request, socket) => {
    if (request.line.endsWith('/_ping')) {
      socket.write(`HTTP/1.1 200 OK\r\nApi-Version: 1.55\r\nContent-Length: 0\r\n\r\n`)
      // From now on it reads now and then.
      socket.on('data', () => {
        socket.pause()
        setTimeout(() => socket.resume(), 1)
      })
      return
    }
    received = request.body.replace(/(?:^|\r\n)100000\r\n/g, '').replace(/\r\n$/, '')
    socket.write(json(200, { done: true }))
  })
  assert.deepEqual(result, { done: true })
  assert.equal(received.length, 4 << 20)
})

test('a slow reader gets all of an answer, and its server has to wait', { skip: !bun }, async (t) => {
  const hash = createHash('sha256')
  for (let number = 0; number < 16; number++) hash.update(Buffer.alloc(1 << 20, number + 1))
  const { result } = await withBun(t, 'download', (_request, socket) => {
    socket.write(sized(16 << 20))
    void send(socket, 16)
  })
  assert.deepEqual(result, { length: 16 << 20, hash: hash.digest('hex') })
})

test('an answer that breaks off is an error', { skip: !bun }, async (t) => {
  const { result } = await withBun(t, 'download', (_request, socket) => {
    socket.write(sized(16 << 20))
    void send(socket, 2).then(() => socket.end())
  })
  assert.deepEqual(result, { message: 'unexpected EOF' })
})

test('who leaves an answer early closes its connection', { skip: !bun }, async (t) => {
  const closed = Promise.withResolvers<void>()
  const { result } = await withBun(t, 'leave', (_request, socket) => {
    socket.on('close', () => closed.resolve())
    socket.write(sized(1 << 30))
    void send(socket, 1024)
  })
  assert.equal(result, true)
  await Promise.race([closed.promise, sleep(20_000).then(() => assert.fail('it is still open'))])
})

test('nobody at the socket is told in the usual words', { skip: !bun }, async () => {
  const script = join(import.meta.dirname, 'testing-bun.ts')
  const run = await promisify(execFile)(bun ?? '', [script, '/nope/gantry.sock', 'calls'])
  const message =
    'Cannot connect to the Docker daemon at unix:///nope/gantry.sock. Is the docker daemon running?'
  assert.deepEqual(JSON.parse(run.stdout), { message })
})
