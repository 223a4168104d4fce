/** HTTP/1.1 exchanges with the hosts of registries: kept connections, limits, timeouts, cancelling. No retries, no redirects. */
import type { Agent, AgentOptions, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { HttpAgent, request } from '../node-http.ts'
import { connect, type Reach, type Target } from './connect.ts'
import type { RegistryConfig } from './contracts.ts'
import type { Insecure } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import { type HostContext, HostContexts } from './host-contexts.ts'
import { networkError } from './network-errors.ts'
import { proxyAuthorization, proxyFor } from './proxies.ts'
import { Semaphore } from './semaphore.ts'

/** Largest head of an answer, in bytes. */
const largestHead = 32 * 1024
/** Milliseconds for which a connection is kept that nobody uses. */
const keepFor = 30_000

export interface Exchange {
  method: string
  url: URL
  headers?: Readonly<Record<string, string>>
  /** A stream needs `length`. */
  body?: Uint8Array | { stream: Readable; length: number }
  /** Certificates are not verified, unless the registry has a folder with authorities of its own. */
  insecure: Insecure | undefined
  reach: Reach
  signal?: AbortSignal
}

/** An answer whose body has not been read. Destroying `body` (or reading it to its end) frees the connection. */
export interface Answer {
  /** Where it came from, after redirects. */
  url: URL
  status: number
  reason: string
  headers: IncomingHttpHeaders
  body: IncomingMessage
}

type TransportConfig = Pick<RegistryConfig, 'certificateDirectories' | 'proxies' | 'limits'>

export class Transport {
  readonly #config: TransportConfig
  readonly #hosts = new Map<string, Semaphore>()
  readonly #agents = new Map<string, Agent>()
  readonly #contexts: HostContexts
  readonly #closed: AbortSignal

  /** `closed` destroys what is under way, with its reason. */
  constructor(config: TransportConfig, closed: AbortSignal, log: (message: string) => void) {
    this.#config = config
    this.#closed = closed
    this.#contexts = new HostContexts(config.certificateDirectories, log)
  }

  /** Lets what is under way end, and every idle connection go. */
  retire(): void {
    for (const agent of this.#agents.values())
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
  }

  /**
   * Sends a request and resolves with the head of its answer, whatever its status. Rejects with RegistryError `tls` or
   * `unreachable`, or with the signal's reason; a stream given as body is destroyed then.
   */
  async send(exchange: Exchange): Promise<Answer> {
    const signal = AbortSignal.any([this.#closed, ...(exchange.signal ? [exchange.signal] : [])])
    try {
      const release = await this.#semaphore(exchange.url.host).acquire(signal)
      try {
        return await this.#exchange(exchange, signal, release)
      } catch (error) {
        release()
        throw error
      }
    } catch (error) {
      if (exchange.body && 'stream' in exchange.body) exchange.body.stream.destroy()
      throw error
    }
  }

  async #exchange(exchange: Exchange, signal: AbortSignal, release: () => void): Promise<Answer> {
    const { url } = exchange
    const way = await this.#way(exchange)
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const outgoing = this.#request(exchange, way, signal)
    outgoing.on('response', resolve)
    outgoing.on('error', (error) => {
      const { host, port } = way.target
      reject(signal.aborted ? signal.reason : networkError(error, host, port))
    })
    destroyOnAbort(outgoing, signal)
    const idle = watchIdle(outgoing, this.#config.limits.idleTimeout)
    outgoing.on('close', () => {
      clearInterval(idle)
      release()
    })
    sendBody(outgoing, exchange.body, reject)
    const body = await promise
    const { statusCode: status = 0, statusMessage: reason = '', headers } = body
    return { url, status, reason, headers, body }
  }

  async #way(exchange: Exchange): Promise<Way> {
    const { protocol, host } = exchange.url
    const proxy = proxyFor(exchange.url, this.#config.proxies)
    const certificates = protocol === 'https:' ? await this.#contexts.of(host) : null
    return { proxy, certificates, target: this.#target(exchange, proxy, certificates) }
  }

  #request(exchange: Exchange, { proxy, certificates, target }: Way, signal: AbortSignal): ClientRequest {
    const { url, method } = exchange
    const absolute = proxy !== undefined && target.tls === undefined
    return request({
      agent: this.#agent(exchange, proxy, certificates),
      method,
      // User and password are no part of what is asked for.
      path: (absolute ? url.origin : '') + url.pathname + url.search,
      headers: this.#headers(exchange, absolute ? proxy : undefined),
      maxHeaderSize: largestHead,
      setHost: false,
      ...({ target, connectSignal: signal } satisfies ConnectionOptions),
    })
  }

  #headers({ url, headers, body }: Exchange, proxy: URL | undefined): Record<string, string> {
    const length = body instanceof Uint8Array ? body.length : body?.length
    const authorization = proxy && proxyAuthorization(proxy)
    return {
      Host: url.host,
      ...headers,
      ...(length !== undefined && { 'Content-Length': String(length) }),
      ...(authorization && { 'Proxy-Authorization': authorization }),
    }
  }

  #target(
    { url, insecure, reach }: Exchange,
    proxy: URL | undefined,
    certificates: HostContext | null,
  ): Target {
    const target = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (certificates ? 443 : 80)),
      proxy,
      reach,
      within: insecure?.within,
      timeout: this.#config.limits.connectTimeout,
    }
    if (!certificates) return { ...target, tls: undefined }
    const { context, ownAuthorities } = certificates
    return { ...target, tls: { verify: !insecure || ownAuthorities, context } }
  }

  #semaphore(host: string): Semaphore {
    const known = this.#hosts.get(host)
    if (known) return known
    const made = new Semaphore(this.#config.limits.connectionsPerHost)
    this.#hosts.set(host, made)
    return made
  }

  /** Connections that may stand for one another share an agent: same host, same checks, same way. */
  #agent(
    { url, insecure, reach }: Exchange,
    proxy: URL | undefined,
    certificates: HostContext | null,
  ): Agent {
    const checks = insecure ? (insecure.within ? 'within' : 'none') : 'all'
    // What a connection was verified with may have been replaced since.
    const key = [url.origin, checks, reach, proxy?.href ?? '', certificates?.id ?? ''].join(' ')
    const known = this.#agents.get(key)
    if (known) return known
    const made = new ConnectingAgent({ keepAlive: true, timeout: keepFor, maxFreeSockets: 8 })
    this.#agents.set(key, made)
    return made
  }
}

/** How an exchange gets to its host. */
interface Way {
  proxy: URL | undefined
  certificates: HostContext | null
  target: Target
}

interface ConnectionOptions {
  target: Target
  connectSignal: AbortSignal
}

/** Opens connections our way, for requests that bring their target along. */
class ConnectingAgent extends HttpAgent {
  override createConnection(
    options: AgentOptions & Partial<ConnectionOptions>,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null {
    const { target, connectSignal } = options
    if (!target || !callback) throw new TypeError('a registry connection needs a target')
    connect(target, connectSignal).then(
      (socket) => callback(null, socket),
      (error: unknown) => (callback as (error: Error) => void)(asError(error)),
    )
    return null
  }
}

/** An abort reaches the answer, too, as long as its body comes. */
function destroyOnAbort(outgoing: ClientRequest, signal: AbortSignal): void {
  let incoming: IncomingMessage | undefined
  outgoing.on('response', (response) => {
    incoming = response
    // Whoever reads the body hears of its errors; an answer that nobody reads must not end the process.
    response.on('error', () => {})
  })
  const abort = (): void => {
    incoming?.destroy(asError(signal.reason))
    outgoing.destroy(asError(signal.reason))
  }
  signal.addEventListener('abort', abort, { once: true })
  outgoing.on('close', () => signal.removeEventListener('abort', abort))
}

/** `failed` is called when what is to be sent cannot be read. */
function sendBody(outgoing: ClientRequest, body: Exchange['body'], failed: (error: unknown) => void): void {
  if (body instanceof Uint8Array || body === undefined) {
    outgoing.end(body)
    return
  }
  const { stream } = body
  stream.on('error', (error) => {
    failed(error)
    outgoing.destroy()
  })
  stream.pipe(outgoing)
  outgoing.on('close', () => stream.destroy())
}

/**
 * Destroys a request during which nothing has moved for `limit` milliseconds although the other side had its turn:
 * a body whose reader is slow, or whose source is, waits for us and not for the network.
 */
function watchIdle(outgoing: ClientRequest, limit: number): NodeJS.Timeout {
  let answer: IncomingMessage | undefined
  outgoing.on('response', (response) => {
    answer = response
  })
  let moved = -1
  let since = Date.now()
  return setInterval(
    () => {
      const { socket } = outgoing
      const total = (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0)
      const oursToAct = answer
        ? answer.readableLength >= answer.readableHighWaterMark
        : socket !== null && !outgoing.writableEnded && socket.writableLength === 0
      // Until there is a socket, the time to connect counts.
      if (socket === null || total !== moved || oursToAct) {
        moved = total
        since = Date.now()
      } else if (Date.now() - since >= limit) {
        const words = answer ? 'waiting for more of the body' : 'awaiting headers'
        const error = new RegistryError(
          'unreachable',
          `net/http: request canceled (timeout exceeded while ${words})`,
        )
        // The reader of a body learns of it by the body itself.
        answer?.destroy(error)
        outgoing.destroy(error)
      }
    },
    Math.max(10, limit / 8),
  )
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)))
