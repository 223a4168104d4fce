/**
 * One registry, or one mirror, as an HTTP host: which scheme it speaks, what it demands, and a request to it with
 * authentication, redirects and retries.
 */
import { isPrivate } from './addresses.ts'
import { answerError, discard, readBody, statusError, type Wanted } from './answers.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Reach } from './connect.ts'
import type { Credentials, LoginResult, RegistryLimits } from './contracts.ts'
import type { Insecure } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import { notTlsMessage } from './network-errors.ts'
import { isTransient, withRetries } from './retry.ts'
import { basicAuthorization, type Token, type TokenRequest, type Tokens } from './tokens.ts'
import type { Answer, Exchange, Transport } from './transport.ts'
import { isTrustedRealm, reachOfRedirect } from './trust.ts'

export interface HostOptions {
  /** Base URLs without `/v2`, tried in this order until one answers: https, then perhaps http. */
  bases: readonly URL[]
  insecure: Insecure | undefined
  /** Hosts of token servers that may be given credentials although they are elsewhere. */
  tokenServers: readonly string[]
  transport: Transport
  tokens: Tokens
  limits: RegistryLimits
  userAgent: string
}

export interface HostRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** `/v2/library/busybox/tags/list`, with a query perhaps; or a URL that the registry gave. */
  path: string | URL
  headers?: Readonly<Record<string, string>>
  body?: Exchange['body']
  credentials: Credentials
  scopes: readonly string[]
  /** What a 404 means. */
  wanted: Wanted
  /** Statuses that are not errors beside 200 to 299. */
  accept?: readonly number[]
  /** A request that cannot be repeated as it is: tried once. */
  once?: boolean
  signal?: AbortSignal | undefined
}

/** An answer that has been read to its end. */
export interface WholeAnswer extends Pick<Answer, 'status' | 'headers'> {
  bytes: Buffer
}

/** What the first question has brought to light. */
interface Known {
  base: URL
  challenges: Challenge[]
  isPrivate: boolean
  until: number
  /** What the answer says that is of the moment. */
  failure: RegistryError | null
}

/** Milliseconds for which the answer to the first question holds. */
const knownFor = 5 * 60_000
/** Milliseconds for which a mirror that failed is not asked. */
const restFor = 30_000
const mostRedirects = 5
const redirects = new Set([301, 302, 303, 307, 308])

export class RegistryHost {
  readonly #options: HostOptions
  #known: Known | undefined
  #restsUntil = 0

  constructor(options: HostOptions) {
    this.#options = options
  }

  /** `registry-1.docker.io`, `127.0.0.1:5000`. */
  get name(): string {
    return this.#options.bases[0]?.host ?? ''
  }

  /** Whether it has failed lately, so that it is not worth asking where others can be. */
  get isResting(): boolean {
    return this.#restsUntil > Date.now()
  }

  rest(): void {
    this.#restsUntil = Date.now() + restFor
  }

  get limits(): RegistryLimits {
    return this.#options.limits
  }

  /** The URL of a path of this registry. */
  async url(path: string, signal?: AbortSignal): Promise<URL> {
    const { base } = await this.#ping(signal)
    return new URL(base.pathname.replace(/\/+$/, '') + path, base)
  }

  /**
   * Sends a request, signed as the registry demands. Resolves with an answer whose body must be read or destroyed.
   * Rejects with RegistryError for every status that is not accepted.
   */
  send(request: HostRequest): Promise<Answer> {
    return this.#repeatedly(request, () => this.#once(request))
  }

  /** Like `send`, with the body read, of at most `limit` bytes: an answer that breaks is asked for again. */
  fetch(request: HostRequest, limit: number, what: string): Promise<WholeAnswer> {
    return this.#repeatedly(request, async () => {
      const answer = await this.#once(request)
      const bytes = await readBody(answer.body, limit, what).catch((error: unknown) => {
        throw request.signal?.aborted ? request.signal.reason : error
      })
      return { status: answer.status, headers: answer.headers, bytes }
    })
  }

  #repeatedly<T>({ once, signal }: HostRequest, attempt: () => Promise<T>): Promise<T> {
    const { limits } = this.#options
    return withRetries({ ...limits, attempts: once ? 1 : limits.attempts }, signal, attempt)
  }

  async #once(request: HostRequest): Promise<Answer> {
    const { signal, path } = request
    const known = await this.#ping(signal)
    const url = path instanceof URL ? path : await this.url(path, signal)
    try {
      const answer = await this.#signed(known, url, request)
      if (isSuccess(answer.status) || request.accept?.includes(answer.status)) return answer
      throw await answerError(answer, request.wanted)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      // The next try finds out anew whether the host still speaks the same.
      if (error instanceof RegistryError && error.reason === 'unreachable') this.#known = undefined
      throw named(error, request.method, url)
    }
  }

  /**
   * Shows credentials to the registry. Rejects with `unauthorized` when it does not take them, and with `denied` when
   * they would have to go to a token server that is not to be trusted with them.
   */
  login(credentials: Credentials, signal?: AbortSignal): Promise<LoginResult> {
    return withRetries(this.#options.limits, signal, () => this.#login(credentials, signal))
  }

  async #login(credentials: Credentials, signal?: AbortSignal): Promise<LoginResult> {
    const { base, challenges, failure } = await this.#ping(signal)
    if (failure) throw failure
    const url = new URL(`${base.pathname.replace(/\/+$/, '')}/v2/`, base)
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer === undefined)
      return this.#loginWith(url, await this.#plainLogin(challenges, credentials), '', signal)
    const request = this.tokenRequest(base, bearer, credentials, [])
    if (!request.trusted) throw untrusted(base, request.realm)
    const token = await this.#options.tokens
      .fresh({ ...request, offline: true }, signal)
      .catch((error: unknown) => {
        throw error instanceof RegistryError && error.status !== undefined ? error.of('GET', url) : error
      })
    return this.#loginWith(url, `Bearer ${token.value}`, token.identityToken, signal)
  }

  async #plainLogin(challenges: Challenge[], credentials: Credentials): Promise<string | undefined> {
    return challenges.some(({ scheme }) => scheme === 'basic') ? basicAuthorization(credentials) : undefined
  }

  async #loginWith(
    url: URL,
    authorization: string | undefined,
    identityToken: string,
    signal?: AbortSignal,
  ): Promise<LoginResult> {
    const { transport, insecure, userAgent } = this.#options
    const answer = await transport.send({
      method: 'GET',
      url,
      headers: { 'User-Agent': userAgent, ...(authorization && { Authorization: authorization }) },
      insecure,
      reach: 'any',
      ...(signal && { signal }),
    })
    const { status, reason } = answer
    const problem = `login attempt to ${url.href} failed with status: ${status} ${reason}`
    if (status !== 200 && status !== 401) throw statusError(answer, problem)
    discard(answer)
    if (status === 200) return { status: 'Login Succeeded', identityToken }
    throw new RegistryError('unauthorized', problem, { status })
  }

  /** The first question: who is there, and what does it demand? */
  async #ping(signal?: AbortSignal): Promise<Known> {
    if (this.#known && this.#known.until > Date.now()) return this.#known
    const { bases } = this.#options
    for (const [index, base] of bases.entries()) {
      const url = new URL(`${base.pathname.replace(/\/+$/, '')}/v2/`, base)
      try {
        this.#known = await this.#ask(base, url, signal)
        return this.#known
      } catch (error) {
        if (signal?.aborted || index === bases.length - 1 || !mayBePlain(error))
          throw named(error, 'GET', url)
      }
    }
    throw new RegistryError('unreachable', 'no endpoint for the registry')
  }

  async #ask(base: URL, url: URL, signal?: AbortSignal): Promise<Known> {
    const { transport, insecure, userAgent } = this.#options
    const answer = await transport.send({
      method: 'GET',
      url,
      headers: { 'User-Agent': userAgent },
      insecure,
      reach: 'any',
      ...(signal && { signal }),
    })
    const peer = answer.body.socket?.remoteAddress ?? ''
    const { status, reason } = answer
    const problem = statusError(
      answer,
      `login attempt to ${url.href} failed with status: ${status} ${reason}`,
    )
    const challenges = answer.status === 401 ? parseChallenges(answer.headers['www-authenticate']) : []
    // An answer that says nothing about authentication says nothing for long.
    const until = Date.now() + (isTransient(answer.status) ? 0 : knownFor)
    const failure = isTransient(status) ? problem : null
    return { base, challenges, isPrivate: isPrivate(peer) || isPrivate(base.hostname), until, failure }
  }

  /** Sends with authorization; once more when the registry wants another one. */
  async #signed(known: Known, url: URL, request: HostRequest): Promise<Answer> {
    const first = await this.#authorization(known, url, request)
    const answer = await this.#follow(known, url, request, first.header)
    if (answer.status !== 401) return answer
    const challenges = parseChallenges(answer.headers['www-authenticate'])
    const repeatable = request.body === undefined || request.body instanceof Uint8Array
    if (challenges.length === 0 || !repeatable) return answer
    const wanted = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters.scope
    const scopes = wanted ? [...new Set([...request.scopes, ...wanted.split(' ')])] : request.scopes
    this.#known = { ...known, challenges }
    const second = await this.#authorization(this.#known, url, { ...request, scopes }, first.token)
    if (second.header === undefined || second.header === first.header) return answer
    discard(answer)
    return this.#follow(known, url, request, second.header)
  }

  /** The Authorization header that satisfies the registry. Rejects with `unauthorized` when there are no credentials. */
  async #authorization(
    known: Known,
    url: URL,
    request: Pick<HostRequest, 'method' | 'credentials' | 'scopes' | 'signal'>,
    stale?: Token,
  ): Promise<{ header?: string; token?: Token }> {
    const { credentials, scopes, signal } = request
    if (credentials.registryToken) return { header: `Bearer ${credentials.registryToken}` }
    const bearer = known.challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer) {
      const asked = this.tokenRequest(known.base, bearer, credentials, scopes)
      const token = await this.#options.tokens.get(asked, signal, stale?.value).catch((error: unknown) => {
        throw error instanceof RegistryError && error.status !== undefined
          ? error.of(request.method, url)
          : error
      })
      return { header: `Bearer ${token.value}`, token }
    }
    if (!known.challenges.some(({ scheme }) => scheme === 'basic')) return {}
    if (credentials.username) return { header: basicAuthorization(credentials) }
    throw new RegistryError('unauthorized', 'no basic auth credentials', { status: 401 }).of(
      request.method,
      url,
    )
  }

  /** What to ask the token server of a challenge; without credentials when it is not to be trusted with them. */
  tokenRequest(
    base: URL,
    { parameters }: Challenge,
    credentials: Credentials,
    scopes: readonly string[],
  ): TokenRequest & { trusted: boolean } {
    const realm = parameters.realm ?? ''
    if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol))
      throw new RegistryError(
        'invalid-answer',
        `the registry names no usable token server: ${JSON.stringify(realm)}`,
      )
    const url = new URL(realm)
    const trusted = isTrustedRealm(
      base,
      url,
      this.#options.tokenServers,
      this.#options.insecure !== undefined,
    )
    return {
      realm: url,
      service: parameters.service ?? '',
      scopes,
      credentials: trusted ? credentials : {},
      insecure: url.hostname === base.hostname ? this.#options.insecure : undefined,
      reach: trusted ? 'any' : 'public',
      trusted,
    }
  }

  /** Sends a request where redirects lead. Other origins get no Authorization. */
  async #follow(
    known: Known,
    start: URL,
    request: HostRequest,
    authorization: string | undefined,
  ): Promise<Answer> {
    const { transport, insecure, userAgent } = this.#options
    let url = start
    let reach: Reach =
      url.origin === known.base.origin ? 'any' : reachOfRedirect(known.base, url, known.isPrivate)
    for (let hops = 0; ; hops++) {
      const isHome = url.origin === known.base.origin
      const answer = await transport.send({
        method: request.method,
        url,
        headers: {
          'User-Agent': userAgent,
          ...request.headers,
          ...(isHome && authorization && { Authorization: authorization }),
        },
        ...(request.body && { body: request.body }),
        insecure: url.hostname === known.base.hostname ? insecure : undefined,
        reach,
        ...(request.signal && { signal: request.signal }),
      })
      const { location } = answer.headers
      const repeatable = request.method === 'GET' || request.method === 'HEAD'
      if (!redirects.has(answer.status) || !repeatable || location === undefined) return answer
      discard(answer)
      if (hops === mostRedirects)
        throw new RegistryError('invalid-answer', `stopped after ${mostRedirects} redirects`)
      url = redirectTarget(url, location)
      reach = reachOfRedirect(known.base, url, known.isPrivate)
    }
  }
}

function untrusted(registry: URL, realm: URL): RegistryError {
  const advice = `name it in "registry-token-servers" of daemon.json if it may have them`
  return new RegistryError(
    'denied',
    `${registry.host} sends its users to ${realm.origin}, which is not given their credentials: ${advice}`,
  )
}

/** What goes wrong below HTTP is shown with the request. */
function named(error: unknown, method: string, url: URL): unknown {
  const isOfConnection =
    error instanceof RegistryError && error.status === undefined && !(error.cause instanceof RegistryError)
  return isOfConnection && (error.reason === 'unreachable' || error.reason === 'tls')
    ? error.of(method, url)
    : error
}

/** Whether a host that may be insecure is to be tried without TLS: never when its certificate was not accepted. */
function mayBePlain(error: unknown): boolean {
  if (!(error instanceof RegistryError)) return false
  return error.reason === 'unreachable' || error.message === notTlsMessage
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299

/** Where a Location leads. Throws for what is no http, and for leaving TLS. */
export function redirectTarget(from: URL, location: string): URL {
  if (!URL.canParse(location, from))
    throw new RegistryError('invalid-answer', 'the registry redirects to what is no URL')
  const target = new URL(location, from)
  // Behind a proxy, registries take themselves for plain http: the same host is not left for that.
  if (from.protocol === 'https:' && target.protocol === 'http:' && target.hostname === from.hostname) {
    target.protocol = 'https:'
    if (target.port === '80') target.port = ''
  }
  if (target.protocol !== 'https:' && !(target.protocol === 'http:' && from.protocol === 'http:'))
    throw new RegistryError(
      'invalid-answer',
      `refusing to be redirected from ${from.origin} to ${target.origin}`,
    )
  target.username = ''
  target.password = ''
  return target
}
