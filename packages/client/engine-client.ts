import type { Duplex } from 'node:stream'
import type { Operations } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { ApiError } from './api-error.ts'
import { compareVersions, newestVersion, offeredVersion } from './api-version.ts'
import { connect, connectNode, dial } from './connect.ts'
import { ConnectionPool } from './connection-pool.ts'
import type { Client, HijackedConnection, PendingAnswer, RawAnswer, Request } from './contracts.ts'
import type { Endpoint } from './endpoint.ts'
import {
  type HttpConnection,
  type HttpRequest,
  type HttpResponse,
  StaleConnection,
} from './http-connection.ts'
import { jsonValues } from './json-values.ts'
import { type OperationName, operations } from './operations.ts'
import type { ResponseBody } from './response-body.ts'

export interface EngineClientOptions {
  endpoint: Endpoint
  /** Speak this version, whatever the engine offers (DOCKER_API_VERSION). */
  apiVersion?: string
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>
  userAgent?: string
}

/** What an operation became on its way to the engine. */
interface Outgoing extends Omit<HttpRequest, 'target'> {
  path: string
  signal?: AbortSignal
}

/**
 * Speaks with an engine over as few connections as possible. Requests go out in the newest version of the API; an engine
 * that refuses it tells its own, and the request is sent again in that: a current engine is never asked first.
 */
export class EngineClient implements Client {
  readonly host: string
  readonly #endpoint: Endpoint
  readonly #pool: ConnectionPool
  readonly #headers: Readonly<Record<string, string>>
  readonly #fixed: boolean
  #version: string
  #agreed: boolean

  constructor({ endpoint, apiVersion, headers = {}, userAgent = 'gantry' }: EngineClientOptions) {
    this.host = endpoint.host
    this.#endpoint = endpoint
    this.#pool = new ConnectionPool((purpose) =>
      purpose === 'calls' ? connect(endpoint) : connectNode(endpoint),
    )
    const name =
      endpoint.kind === 'tcp' ? endpoint.host.replace(/^tcp:\/\//, '').replace(/\/.*$/, '') : 'localhost'
    this.#headers = { Host: name, 'User-Agent': userAgent, ...headers }
    this.#fixed = apiVersion !== undefined
    this.#version = apiVersion ?? newestVersion
    this.#agreed = this.#fixed
  }

  async call<O extends OperationName>(operation: O, request?: Request<O>): Promise<Operations[O]['answer']> {
    const { answer } = await this.open(operation, request)
    return answer
  }

  async open<O extends OperationName>(
    operation: O,
    request: Request<O> = {},
  ): Promise<PendingAnswer<Operations[O]['answer']>> {
    const { status, headers, body } = await this.#request(operation, request)
    const answer = readAnswer(headers, body) as Promise<Operations[O]['answer']>
    // Who only wants the head must not be ended by a body that fails.
    answer.catch(() => {})
    return { status, answer }
  }

  async download<O extends OperationName>(operation: O, request: Request<O> = {}): Promise<ResponseBody> {
    const { body } = await this.response(operation, request)
    return body
  }

  async response<O extends OperationName>(operation: O, request: Request<O> = {}): Promise<RawAnswer> {
    const { headers, body } = await this.#request(operation, request)
    return { headers, body }
  }

  values<T, O extends OperationName = OperationName>(
    operation: O,
    request: Request<O> = {},
  ): AsyncIterable<T> {
    return jsonValues(() => this.download(operation, request)) as AsyncIterable<T>
  }

  async hijack<O extends OperationName>(operation: O, request: Request<O> = {}): Promise<HijackedConnection> {
    const outgoing = prepare(operation, request)
    const headers = { Upgrade: 'tcp', ...outgoing.headers, Connection: 'Upgrade' }
    const result = await this.#negotiated(outgoing, async (target) => {
      const connection = await this.#pool.acquire('takeover')
      const upgraded = await guard(connection, request.signal, () =>
        connection.upgrade({ ...outgoing, target, headers: { ...this.#headers, ...headers } }),
      )
      if ('stream' in upgraded) return upgraded
      throw await errorOf(upgraded, target)
    })
    const type = result.head.headers['content-type'] ?? ''
    // Engines before 1.42 call both kinds of stream raw.
    const multiplexed = type.includes('multiplexed') ? true : this.#olderThan('1.42') ? null : false
    return { stream: result.stream, headers: result.head.headers, multiplexed }
  }

  dial(): Promise<Duplex> {
    return dial(this.#endpoint)
  }

  async apiVersion(): Promise<string> {
    if (!this.#agreed) {
      const response = await this.#send({ method: 'GET', path: '', headers: {} }, '/_ping')
      response.body.resume()
      this.#learn(response.headers['api-version'])
      this.#agreed = true
    }
    return this.#version
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool.close()
  }

  async #request<O extends OperationName>(operation: O, request: Request<O>): Promise<HttpResponse> {
    const outgoing = prepare(operation, request)
    // A stream can be sent only once: the version must be right the first time.
    if (isStreamed(outgoing.body)) await this.apiVersion()
    return this.#negotiated(outgoing, async (target) => {
      const response = await this.#send(outgoing, target)
      if (response.status >= 400) throw await errorOf(response, target)
      return response
    })
  }

  /** Runs `send` with the target in the agreed version, and again if the engine offers an older one. */
  async #negotiated<T>(outgoing: Outgoing, send: (target: string) => Promise<T>): Promise<T> {
    const tried = this.#version
    const target = () => `${this.#prefix}/v${this.#version}${outgoing.path}`
    try {
      const result = await send(target())
      this.#agreed = true
      return result
    } catch (error) {
      const offered =
        error instanceof ApiError && error.status === 400 ? offeredVersion(error.message) : undefined
      if (offered === undefined || this.#fixed || compareVersions(offered, tried) >= 0) throw error
      this.#learn(offered)
      this.#agreed = true
      return send(target())
    }
  }

  async #send(outgoing: Outgoing, target: string): Promise<HttpResponse> {
    const headers = { ...this.#headers, ...outgoing.headers }
    for (;;) {
      const connection = await this.#pool.acquire()
      try {
        return await guard(connection, outgoing.signal, () =>
          connection.send({ ...outgoing, target, headers }),
        )
      } catch (error) {
        if (!(error instanceof StaleConnection) || isStreamed(outgoing.body)) throw error
      }
    }
  }

  #olderThan(version: string): boolean {
    return compareVersions(this.#version, version) < 0
  }

  #learn(version: string | undefined): void {
    if (version !== undefined && compareVersions(version, this.#version) < 0) this.#version = version
  }

  get #prefix(): string {
    return this.#endpoint.kind === 'tcp' ? this.#endpoint.prefix : ''
  }
}

/** Fills in path, query and body of an operation. */
function prepare<O extends OperationName>(operation: O, request: Request<O>): Outgoing {
  const [method = '', template = ''] = operations[operation].split(' ')
  const path = template.replace(/\{(\w+)(%?)\}/g, (_, name: string, whole: string) => {
    const value = request.path?.[name]
    if (!value) throw new GantryError('InvalidParameter', `invalid ${name}: value is empty`)
    const encoded = encodeURIComponent(value).replace(/%3A/g, ':').replace(/%40/g, '@')
    return whole ? encoded : encoded.replace(/%2F/g, '/')
  })
  const { body } = request
  const isJson = body !== undefined && !isStreamed(body)
  return {
    method,
    path: path + queryString(request.query),
    headers: { ...(isJson && { 'Content-Type': 'application/json' }), ...request.headers },
    ...(body !== undefined && { body: sentBody(body) }),
    ...(request.signal && { signal: request.signal }),
  }
}

function sentBody(body: unknown): NonNullable<Outgoing['body']> {
  if (isStreamed(body)) return body
  const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  return typeof body === 'function' ? () => asJson(body()) : asJson(body)
}

/** Whether it goes out as it comes, rather than as JSON. */
function isStreamed(body: unknown): body is AsyncIterable<Buffer | string> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

function queryString(query: object | undefined): string {
  const parameters: string[] = []
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) {
      const text = each === true ? '1' : each === false ? '0' : String(each)
      parameters.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
    }
  }
  return parameters.length > 0 ? `?${parameters.join('&')}` : ''
}

/** Runs `action`; an abort closes the connection, also while the answer's body is read. */
async function guard<T>(
  connection: HttpConnection,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return action()
  signal.throwIfAborted()
  const close = () => connection.close()
  signal.addEventListener('abort', close, { once: true })
  // From then on the connection may be somebody else's.
  connection.onDone = () => signal.removeEventListener('abort', close)
  try {
    return await action()
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

async function readAnswer(headers: Readonly<Record<string, string>>, body: ResponseBody): Promise<unknown> {
  const text = await readText(body)
  if (text === '') return undefined
  return /\bjson\b/.test(headers['content-type'] ?? '') ? (JSON.parse(text) as unknown) : text
}

async function readText(body: ResponseBody): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

async function errorOf(response: HttpResponse, target: string): Promise<GantryError> {
  const text = (await readText(response.body)).trim()
  if (text === '') {
    const route = target.split('?')[0]
    const message = `request returned ${response.reason || response.status} for API route and version ${route}, check if the server supports the requested API version`
    return new ApiError(response.status, message)
  }
  return new ApiError(response.status, messageField(text) ?? text)
}

function messageField(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { message?: unknown }
    return typeof value.message === 'string' ? value.message.trim() : undefined
  } catch {
    return undefined
  }
}
