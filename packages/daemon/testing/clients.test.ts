/** The clients that people have, against the routes: Docker's command and dockerode. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { familiarName } from '@gantry/oci'
import Docker from 'dockerode'
import { fakeEngine, fakeSession, serve } from './fake-engine.ts'

interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs Docker's command against a socket. */
function docker(socket: string, args: string[], input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(
      'docker',
      ['-H', `unix://${socket}`, ...args],
      { timeout: 120_000 },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
    child.stdin?.on('error', () => undefined) // a command that ends early closes its stdin
    child.stdin?.end(input)
  })
}

const hasDocker = await new Promise<boolean>((resolve) => {
  execFile('docker', ['--version'], (error) => resolve(error === null))
})

/** An engine with one container that upper-cases what it reads and then exits with 7. */
function upperCaseEngine() {
  let session = fakeSession()
  const exit = Promise.withResolvers<{ exitCode: number }>()
  const start = async (): Promise<void> => {
    const input = session.stdin ? await text(session.stdin) : ''
    session.output.write({ stream: 'stdout', data: Buffer.from(input.toUpperCase()) })
    session.output.end({ stream: 'stderr', data: Buffer.from('bye\n') })
    exit.resolve({ exitCode: 7 })
  }
  return fakeEngine({
    system: { version: async () => ({ Version: '0', ApiVersion: '1.55', Os: 'linux' }) },
    containers: {
      create: async () => ({ id: 'c'.repeat(64), warnings: ['careful'] }),
      inspect: async () => ({ Id: 'c'.repeat(64), State: { Running: true }, Config: { Tty: false } }),
      attach: async (_reference, { stdin }) => {
        session = fakeSession({ stdin: stdin === true })
        return session
      },
      wait: async () => ({ result: exit.promise }),
      start: async () => void start(),
    },
    events: { async *subscribe() {} },
  })
}

test('docker run carries input, both outputs and the exit code', { skip: !hasDocker }, async () => {
  await using server = await serve(upperCaseEngine())
  const result = await docker(server.socket, ['run', '-i', 'busybox', 'cat'], 'hello\n')
  assert.deepEqual(result, { code: 7, stdout: 'HELLO\n', stderr: 'WARNING: careful\nbye\n' })
})

test('docker exec carries input, both outputs and the exit code', { skip: !hasDocker }, async () => {
  const session = fakeSession()
  const engine = fakeEngine({
    containers: { inspect: async () => ({ Id: 'c', State: { Running: true } }) },
    execs: {
      create: async () => ({ id: 'e' }),
      start: async () => {
        void text(session.stdin ?? new PassThrough()).then((input) => {
          session.output.end({ stream: 'stdout', data: Buffer.from(input.toUpperCase()) })
        })
        return session
      },
      inspect: async () => ({ ID: 'e', Running: false, ExitCode: 3 }),
    },
  })
  await using server = await serve(engine)
  const result = await docker(server.socket, ['exec', '-i', 'c', 'tr', 'a-z', 'A-Z'], 'exec\n')
  assert.deepEqual(result, { code: 3, stdout: 'EXEC\n', stderr: '' })
})

test('dockerode attaches with and without hijack', async () => {
  for (const hijack of [true, false]) {
    await using server = await serve(upperCaseEngine())
    const client = new Docker({ socketPath: server.socket })
    const container = client.getContainer('c')
    const stream = await container.attach({ stream: true, stdin: hijack, stdout: true, stderr: true, hijack })
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    client.modem.demuxStream(stream, stdout, stderr)
    stream.on('end', () => {
      stdout.end()
      stderr.end()
    })
    if (hijack) stream.end('dockerode')
    await container.start()
    assert.equal(await text(stdout), hijack ? 'DOCKERODE' : '')
    assert.equal(await text(stderr), 'bye\n')
    assert.deepEqual(await container.wait(), { StatusCode: 7 })
  }
})

test('docker logs reads frames with timestamps', { skip: !hasDocker }, async () => {
  const engine = fakeEngine({
    containers: {
      inspect: async () => ({ Id: 'c', Config: { Tty: false }, State: { Running: false } }),
      logs: async (_reference, options) => {
        assert.equal(options.tail, 2)
        assert.deepEqual(options.since, { seconds: Date.UTC(2026, 0, 1) / 1000, nanoseconds: 0 })
        return {
          terminal: false,
          details: {},
          blocks: (async function* () {
            const time = '2026-01-02T04:04:05.678901234+01:00'
            yield { bytes: Buffer.from(`${time} stdout F one\n`), caughtUp: false }
            yield { bytes: Buffer.from(`${time} stderr F two\n`), caughtUp: false }
          })(),
        }
      },
    },
  })
  await using server = await serve(engine)
  const args = ['logs', '-t', '--tail', '2', '--since', '2026-01-01T00:00:00Z', 'c']
  const result = await docker(server.socket, args)
  assert.equal(result.stdout, '2026-01-02T03:04:05.678901234Z one\n')
  assert.equal(result.stderr, '2026-01-02T03:04:05.678901234Z two\n')
})

test('docker load and save carry archives', { skip: !hasDocker }, async () => {
  const archive = Buffer.alloc(3 << 20, 'x')
  const engine = fakeEngine({
    images: {
      async *load(body) {
        assert.equal((await buffer(body)).compare(archive), 0)
        yield { stream: 'Loaded image: x:latest\n' }
      },
      save: async (references) => {
        assert.deepEqual(references, ['x', 'y:1'])
        const stream = new PassThrough()
        stream.end(archive)
        return stream
      },
    },
  })
  await using server = await serve(engine)
  const loaded = await docker(server.socket, ['load'], archive.toString())
  assert.deepEqual(loaded, { code: 0, stdout: 'Loaded image: x:latest\n', stderr: '' })
  const file = `${server.socket}.tar`
  assert.equal((await docker(server.socket, ['save', '-o', file, 'x', 'y:1'])).code, 0)
  assert.equal((await readFile(file)).compare(archive), 0)
})

test('errors reach the user in the words of the engine', { skip: !hasDocker }, async () => {
  const asked: unknown[] = []
  const engine = fakeEngine({
    images: {
      async *pull(reference, { allTags, platform }) {
        asked.push([familiarName(reference), allTags, platform])
        yield { status: 'Pulling from library/alpine', id: '3' }
        throw new GantryError('NotFound', 'pull access denied for alpine')
      },
    },
  })
  await using server = await serve(engine)
  const pull = await docker(server.socket, ['pull', '--platform', 'linux/arm64', 'alpine:3'])
  assert.equal(pull.code, 1)
  assert.equal(pull.stdout, '3: Pulling from library/alpine\n')
  assert.match(pull.stderr, /pull access denied for alpine/)
  assert.deepEqual(asked, [['alpine:3', false, 'linux/arm64']])
  const swarm = await docker(server.socket, ['service', 'ls'])
  assert.match(swarm.stderr, /This node is not a swarm manager/)
  assert.equal((await docker(server.socket, ['plugin', 'ls', '-q'])).stdout, '')
})
