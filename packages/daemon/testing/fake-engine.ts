/** An engine of test doubles: what a test does not give throws when it is called. */

import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { AttachSession, Engine } from '@gantry/engine'
import type { TcpGuard } from '../http/guard.ts'
import { ApiServer } from '../http/server.ts'
import { createLogger } from '../log.ts'
import { engineRoutes } from '../routes/index.ts'

type Parts = { [Part in keyof Engine]?: Partial<Engine[Part]> }

/** An engine of the methods that the test gives; any other throws, saying which was called. */
export function fakeEngine(parts: Parts): Engine {
  const part = (name: keyof Engine) =>
    new Proxy(parts[name] ?? {}, {
      get(target, property) {
        const method = (target as Record<string | symbol, unknown>)[property]
        if (method !== undefined) return method
        return () => {
          throw new Error(`the test has no ${name}.${String(property)}`)
        }
      },
    })
  return {
    containers: part('containers'),
    execs: part('execs'),
    images: part('images'),
    builds: part('builds'),
    networks: part('networks'),
    volumes: part('volumes'),
    events: part('events'),
    system: part('system'),
    registry: part('registry'),
  } as unknown as Engine
}

/** A session whose output the test writes and whose input it can read. */
export interface FakeSession extends AttachSession {
  readonly output: PassThrough
  readonly stdin: PassThrough | null
  readonly closed: Promise<void>
}

/**
 * What attaching gives, for a test to play the container's side. It has a standard input unless told otherwise, and
 * no terminal.
 */
export function fakeSession(options: { terminal?: boolean; stdin?: boolean } = {}): FakeSession {
  const output = new PassThrough({ objectMode: true, highWaterMark: 4 })
  const stdin = options.stdin === false ? null : new PassThrough()
  const closed = Promise.withResolvers<void>()
  const close = (): void => {
    output.destroy()
    closed.resolve()
  }
  return {
    terminal: options.terminal ?? false,
    output,
    stdin,
    begin: null,
    closed: closed.promise,
    close,
    async [Symbol.asyncDispose]() {
      close()
    },
  }
}

export interface TestServer extends AsyncDisposable {
  /** Path of the unix socket it listens on. */
  readonly socket: string
  readonly api: ApiServer
  call(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<TestAnswer>
}

export interface TestAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Serves the engine's routes on a unix socket of its own. */
export async function serve(
  engine: Engine,
  options: { guard?: TcpGuard; patience?: number } = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-api-'))
  const socket = join(directory, 'api.sock')
  const log = createLogger({ level: 'error', format: 'text' }, () => {})
  const api = new ApiServer({
    routes: engineRoutes(engine, { experimental: true }),
    log,
    product: 'Gantry/test (linux)',
    ...(options.patience !== undefined && { patience: options.patience }),
  })
  const server = api.listener(options)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    socket,
    api,
    call: (method, path, body, headers) => call(socket, method, path, body, headers),
    async [Symbol.asyncDispose]() {
      server.close()
      await api.stop(1_000)
      server.closeAllConnections()
      await rm(directory, { recursive: true })
    },
  }
}

async function call(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const outgoing = request({ socketPath, method, path, headers: { ...type, ...headers } })
  outgoing.end(body)
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
  outgoing.once('response', resolve).once('error', reject)
  const answer = await promise
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) }
}
