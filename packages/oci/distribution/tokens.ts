/** Bearer tokens of registries: fetched from the realm that a challenge names, kept until shortly before they end. */
import { createHash } from 'node:crypto'
import * as json from '../json.ts'
import { abortable } from './abortable.ts'
import { answerError, readBody } from './answers.ts'
import type { Reach } from './connect.ts'
import type { Credentials } from './contracts.ts'
import type { Insecure } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import type { Answer, Exchange } from './transport.ts'

export interface TokenRequest {
  realm: URL
  service: string
  /** `repository:library/busybox:pull`; none for a login. */
  scopes: readonly string[]
  /** Empty for somebody anonymous, and for a realm that is not to be trusted. */
  credentials: Credentials
  insecure: Insecure | undefined
  reach: Reach
  /** Ask for an identity token as well. */
  offline?: boolean
}

export interface Token {
  value: string
  /** Empty when there is none. */
  identityToken: string
  /** Milliseconds since the epoch. */
  issued: number
  expires: number
}

const client = 'docker'
/** Seconds that a token is good for when nothing is said. */
const defaultLifetime = 60
/** Largest answer of a token server, in bytes. */
const largestAnswer = 1 << 20
const mostTokens = 1000

type Send = (exchange: Exchange) => Promise<Answer>

export class Tokens {
  readonly #send: Send
  readonly #kept = new Map<string, Promise<Token>>()

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * A token for the request: a kept one, unless it ends soon or is `stale`, which the registry refused. Several callers
   * share one request. Rejects with RegistryError `unauthorized` and what else the token server has to say.
   */
  async get(request: TokenRequest, signal?: AbortSignal, stale?: string): Promise<Token> {
    const key = keyOf(request)
    const kept = this.#kept.get(key)
    if (kept) {
      const token = await abortable(kept, signal)
      if (token.value !== stale && !endsSoon(token)) return token
      // Whoever came first has asked already.
      if (this.#kept.get(key) !== kept) return this.get(request, signal, stale)
    }
    const asked = fetchToken(this.#send, request)
    this.#kept.set(key, asked)
    asked.catch(() => this.#kept.get(key) === asked && this.#kept.delete(key))
    if (this.#kept.size > mostTokens) this.#dropOldest()
    return abortable(asked, signal)
  }

  /** A token that is neither kept nor taken from those kept: to see whether the credentials are good. */
  fresh(request: TokenRequest, signal?: AbortSignal): Promise<Token> {
    return abortable(fetchToken(this.#send, request), signal)
  }

  #dropOldest(): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}

/** A tenth of its life before the end, so that a request that starts now is answered in time. */
function endsSoon({ expires, issued }: Token): boolean {
  const margin = Math.min(30_000, (expires - issued) / 10)
  return Date.now() > expires - margin
}

function keyOf({ realm, service, scopes, credentials, offline }: TokenRequest): string {
  const parts = [realm.href, service, [...scopes].sort(), credentials, offline ?? false]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

/** Asks the realm: by GET with basic authentication, or by OAuth 2's POST for an identity token. */
async function fetchToken(send: Send, request: TokenRequest): Promise<Token> {
  const exchange = request.credentials.identityToken ? refresh(request) : ask(request)
  const answer = await send({ ...exchange, insecure: request.insecure, reach: request.reach }).catch(
    (error: unknown) => {
      throw error instanceof RegistryError ? error.of(exchange.method, request.realm) : error
    },
  )
  if (answer.status < 200 || answer.status > 299) throw await answerError(answer, 'name')
  const bytes = await readBody(answer.body, largestAnswer, 'the token')
  return parseToken(bytes, request)
}

function ask({
  realm,
  service,
  scopes,
  credentials,
  offline,
}: TokenRequest): Pick<Exchange, 'method' | 'url' | 'headers'> {
  const url = new URL(realm)
  if (service) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  if (offline) {
    url.searchParams.set('offline_token', 'true')
    url.searchParams.set('client_id', client)
  }
  const { username } = credentials
  if (!username) return { method: 'GET', url }
  url.searchParams.set('account', username)
  return { method: 'GET', url, headers: { Authorization: basicAuthorization(credentials) } }
}

function refresh({
  realm,
  service,
  scopes,
  credentials,
}: TokenRequest): Pick<Exchange, 'method' | 'url' | 'headers' | 'body'> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service,
    client_id: client,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    refresh_token: credentials.identityToken ?? '',
  })
  return {
    method: 'POST',
    url: realm,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: Buffer.from(form.toString()),
  }
}

/** `Basic …` for a user name and password. */
export function basicAuthorization({ username = '', password = '' }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function parseToken(bytes: Buffer, { credentials }: TokenRequest): Token {
  let body: json.JsonObject
  try {
    body = json.parseJsonObject(bytes, 'token', largestAnswer)
  } catch (cause) {
    throw new RegistryError('invalid-answer', 'unable to decode token response', { cause })
  }
  const text = (key: string): string => (typeof body[key] === 'string' ? body[key] : '')
  const value = text('token') || text('access_token')
  // It becomes a header.
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new RegistryError('invalid-answer', 'authorization server did not include a token in the response')
  const lifetime =
    typeof body.expires_in === 'number' && body.expires_in > 0 ? body.expires_in : defaultLifetime
  const issued = Date.now()
  return {
    value,
    identityToken: text('refresh_token') || (credentials.identityToken ?? ''),
    issued,
    expires: issued + lifetime * 1000,
  }
}
