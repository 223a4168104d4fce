/**
 * The Engine API over HTTP: takes a request through version, route and guard to a reply, and writes the reply. Knows
 * no endpoint; those are in routes/.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import type { Shape } from '@gantry/api/shape'
import { createServer } from '@gantry/oci/node-http'
import type { Logger } from '../log.ts'
import { readJson } from './body.ts'
import type { TcpGuard } from './guard.ts'
import { carry, detachFromHttp, hijackHead, switchingHead } from './hijack.ts'
import { Query } from './query.ts'
import type { HijackReply, Reply } from './reply.ts'
import type { Route } from './route.ts'
import { Router } from './router.ts'
import { describeError } from './status.ts'
import { type ApiVersion, newestVersion, splitVersion } from './version.ts'
import { serveWebSocket } from './websocket.ts'
import { errorReply, pageNotFound, stopping, versionReply, writeRaw, writeReply } from './write.ts'

export interface ApiServerOptions {
  routes: readonly Route[]
  log: Logger
  /** What the daemon calls itself in the `Server` header: `Gantry/1.0 (linux)`. */
  product: string
  /** `--experimental`. */
  experimental?: boolean
  /** Milliseconds in which a client is to send the headers of a request, and a JSON body. */
  patience?: number
}

/** Headers and request lines beyond this are refused (431): filters and registry tokens are the longest. */
const maxHeaderSize = 64 * 1024
/** Whoever sends a head or a JSON body more slowly is cut off, give or take the half of it. */
const defaultPatience = 60_000
/** Idle connections are kept long, so that a client never sends into a closing one. */
const keepAliveTimeout = 10 * 60_000

/** Serves the API on any number of listeners and knows every request in flight. */
export class ApiServer {
  readonly #router: Router
  readonly #log: Logger
  readonly #headers: Record<string, string>
  readonly #patience: number
  readonly #stopping = new AbortController()
  readonly #active = new Set<Promise<void>>()
  /** Of requests that are not answered to the end. `AbortSignal.any` of two would do, and costs each of them a twentieth of a millisecond. */
  readonly #answering = new Set<AbortController>()

  constructor(options: ApiServerOptions) {
    this.#router = new Router(options.routes)
    this.#log = options.log
    this.#patience = options.patience ?? defaultPatience
    this.#headers = {
      'Api-Version': `1.${newestVersion}`,
      'Docker-Experimental': String(options.experimental ?? false),
      Ostype: 'linux',
      Server: options.product,
    }
  }

  /** An HTTP server for one listener, not listening yet. `guard` is for those that a browser can reach. */
  listener(options: { guard?: TcpGuard; tls?: TlsOptions }): Server {
    const serverOptions = {
      maxHeaderSize,
      headersTimeout: this.#patience,
      connectionsCheckingInterval: this.#patience / 2,
      keepAliveTimeout,
      // Uploads may take any time; JSON bodies have a limit of their own.
      requestTimeout: 0,
      shouldUpgradeCallback: (request: IncomingMessage) => this.#mayHijack(request),
    }
    const server: Server = options.tls
      ? createTlsServer({ ...serverOptions, ...options.tls })
      : createServer(serverOptions)
    server.on('request', (request, response) => {
      this.#track(this.#serve(request, response, options.guard))
    })
    server.on('upgrade', (request, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      this.#track(this.#serveUpgrade(request, socket, options.guard))
    })
    return server
  }

  /** Ends all streams, then resolves when every request has been answered, or after `grace` milliseconds. */
  async stop(grace: number): Promise<void> {
    this.#stopping.abort(stopping())
    for (const abort of this.#answering) abort.abort(stopping())
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, grace)
    await Promise.race([Promise.all(this.#active), timeout.promise])
    clearTimeout(timer)
  }

  #track(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => {
      this.#log.error('request failed outside of its route', { error: describeError(error).message })
    })
    this.#active.add(guarded)
    void guarded.finally(() => this.#active.delete(guarded))
  }

  #mayHijack(request: IncomingMessage): boolean {
    try {
      const { path } = splitVersion(pathOf(request))
      return this.#router.match(request.method ?? '', path)?.route.hijacks === true
    } catch {
      return false
    }
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    guard: TcpGuard | undefined,
  ): Promise<void> {
    if (this.#stopping.signal.aborted) return await this.#refuse(response)
    // Aborted when the client has gone, or the daemon stops.
    const abort = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) abort.abort()
    })
    response.on('error', () => abort.abort())
    this.#answering.add(abort)
    try {
      const reply = await this.#answer(request, abort.signal, guard)
      if (reply.kind === 'hijack') return await this.#hijack(detachFromHttp(request, response), false, reply)
      // Their routes answer nobody who has not asked for the upgrade.
      if (reply.kind === 'websocket' || reply.kind === 'connection')
        throw new Error(`a ${reply.kind} without an upgrade`)
      await writeReply(response, this.#headers, reply, abort.signal, this.#log)
    } finally {
      this.#answering.delete(abort)
    }
  }

  /** The connection was open already when the daemon began to stop. */
  async #refuse(response: ServerResponse): Promise<void> {
    response.shouldKeepAlive = false
    const reply = errorReply(stopping())
    await writeReply(response, this.#headers, reply, this.#stopping.signal, this.#log)
  }

  async #serveUpgrade(request: IncomingMessage, socket: Duplex, guard: TcpGuard | undefined): Promise<void> {
    if (this.#stopping.signal.aborted) return void socket.destroy()
    const client = new AbortController()
    socket.on('error', () => socket.destroy())
    socket.once('close', () => client.abort())
    const signal = AbortSignal.any([client.signal, this.#stopping.signal])
    const reply = await this.#answer(request, signal, guard)
    if (reply.kind === 'hijack') return this.#hijack(socket, true, reply)
    if (reply.kind === 'connection') {
      socket.write(switchingHead(reply.protocol))
      // Also one that is not taken over after all is hung up.
      return await reply.hold(socket, this.#stopping.signal).finally(() => socket.destroy())
    }
    if (reply.kind === 'websocket') {
      return await serveWebSocket(request, socket, reply, this.#stopping.signal)
    }
    writeRaw(socket, this.#headers, reply)
  }

  async #hijack(socket: Duplex, upgrade: boolean, reply: HijackReply): Promise<void> {
    socket.write(hijackHead(upgrade, reply))
    const notes = upgrade && reply.resumable !== undefined && !reply.session.terminal
    await carry(socket, reply.session, this.#stopping.signal, notes)
  }

  /** Never rejects: whatever a route throws becomes an error reply. */
  async #answer(request: IncomingMessage, signal: AbortSignal, guard: TcpGuard | undefined): Promise<Reply> {
    const versioned = splitVersion(pathOf(request))
    try {
      guard?.check(request.headers)
      if (versioned.problem) return versionReply(versioned.problem, request.url ?? '')
      const match = this.#router.match(request.method ?? '', versioned.path)
      if (!match) return pageNotFound
      const reply = await match.route.handle(
        this.#apiRequest(request, match.params, versioned.version ?? newestVersion, signal),
      )
      this.#log.debug('served', { method: request.method, url: pathOf(request) })
      return reply
    } catch (error) {
      this.#report(request, error)
      return errorReply(error)
    }
  }

  #apiRequest(
    request: IncomingMessage,
    params: Record<string, string>,
    version: ApiVersion,
    signal: AbortSignal,
  ) {
    const mark = request.url?.indexOf('?') ?? -1
    return {
      params,
      version,
      signal,
      query: new Query(mark < 0 ? '' : (request.url ?? '').slice(mark + 1)),
      headers: request.headers,
      body: request,
      json: async <T>(shape: Shape) =>
        (await readJson(request, request.headers, shape, this.#patience)) as T | undefined,
    }
  }

  #report(request: IncomingMessage, error: unknown): void {
    const { status, message } = describeError(error)
    const fields = { method: request.method, url: pathOf(request), status, error: message }
    if (status < 500) this.#log.debug('request refused', fields)
    else if (status === 500) this.#log.error('request failed', { ...fields, stack: stackOf(error) })
    else this.#log.info('request refused', fields)
  }
}

/** The path as the client wrote it: without the query, and without scheme and host when it named them. */
function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/'
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/]*/i, '')
  return (target.split('?', 1)[0] as string).replace(/\/{2,}/g, '/')
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
