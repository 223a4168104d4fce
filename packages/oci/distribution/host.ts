/**
 * One registry, or one mirror, as an HTTP host: which scheme it speaks, what it demands, and a request to it with
 * authentication, redirects and retries.
 */
import { answerError, discard, readBody, type Wanted } from './answers.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Credentials, LoginResult, RegistryLimits } from './contracts.ts'
import type { Insecure } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import { logInto } from './host-login.ts'
import { greet, type KnownHost, knownFor, named, urlAt } from './known-host.ts'
import { follow } from './redirects.ts'
import { withRetries } from './retry.ts'
import { basicAuthorization, type Token, type TokenRequest, type Tokens } from './tokens.ts'
import type { Answer, Exchange, Transport } from './transport.ts'
import { isTrustedRealm } from './trust.ts'

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

/** Milliseconds for which a mirror that failed is not asked. */
const restFor = 30_000

/** As many scopes are remembered, until the host is greeted anew, as asking for something else. */
const mostDemands = 1000

/** Requests to one registry or mirror. Knows what it has answered lately, so one is kept for each. */
export class RegistryHost {
  readonly #options: HostOptions
  /** What the first question has brought to light, the last time. */
  #last: KnownHost | undefined
  /** What it has demanded since for some scopes; of others it may ask nothing. */
  readonly #demands = new Map<string, Challenge[]>()
  #restsUntil = 0
  #listsNoReferrersUntil = 0

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

  /** Notes that it has failed. */
  rest(): void {
    this.#restsUntil = Date.now() + restFor
  }

  /** Whether it has said lately that it knows no API for referrers. */
  get listsNoReferrers(): boolean {
    return this.#listsNoReferrersUntil > Date.now()
  }

  /** Notes that it knows none. */
  noteNoReferrers(): void {
    this.#listsNoReferrersUntil = Date.now() + knownFor
  }

  get limits(): RegistryLimits {
    return this.#options.limits
  }

  /** The URL of a path of this registry. */
  async url(path: string, signal?: AbortSignal): Promise<URL> {
    const { base } = await this.#known(signal)
    return urlAt(base, path)
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
    const known = await this.#known(signal)
    const url = path instanceof URL ? path : await this.url(path, signal)
    try {
      const answer = await this.#signed(known, url, request)
      if (isSuccess(answer.status) || request.accept?.includes(answer.status)) return answer
      throw await answerError(answer, request.wanted)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      // The next try finds out anew whether the host still speaks the same.
      if (error instanceof RegistryError && error.reason === 'unreachable') this.#last = undefined
      throw named(error, request.method, url)
    }
  }

  /**
   * Shows credentials to the registry. Rejects with `unauthorized` when it does not take them, and with `denied` when
   * they would have to go to a token server that is not to be trusted with them.
   */
  login(credentials: Credentials, signal?: AbortSignal): Promise<LoginResult> {
    return withRetries(this.#options.limits, signal, async () => {
      const known = await this.#known(signal)
      const tokenRequest = (bearer: Challenge) => this.#tokenRequest(known.base, bearer, credentials, [])
      return await logInto(this.#options, { known, credentials, tokenRequest, signal })
    })
  }

  async #known(signal?: AbortSignal): Promise<KnownHost> {
    if (!this.#last || this.#last.until <= Date.now()) {
      this.#last = await greet(this.#options, signal)
      this.#demands.clear()
    }
    return this.#last
  }

  /** Sends with authorization; once more when the registry wants another one. */
  async #signed(known: KnownHost, url: URL, request: HostRequest): Promise<Answer> {
    const demand = [...request.scopes].sort().join(' ')
    const demanded = { ...known, challenges: this.#demands.get(demand) ?? known.challenges }
    const first = await this.#authorization(demanded, url, request)
    const answer = await follow(this.#options, known, url, request, first.header)
    if (answer.status !== 401) return answer
    const challenges = parseChallenges(answer.headers['www-authenticate'])
    if (challenges.length === 0) return answer
    if (request.body !== undefined && !(request.body instanceof Uint8Array)) {
      // The caller goes on with what comes after; the token that was refused is in nobody's way then.
      if (first.token) await this.#authorization({ ...known, challenges }, url, request, first.token)
      return answer
    }
    const wanted = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters.scope
    const scopes = wanted ? [...new Set([...request.scopes, ...wanted.split(' ')])] : request.scopes
    if (this.#demands.size < mostDemands) this.#demands.set(demand, challenges)
    const second = await this.#authorization(
      { ...known, challenges },
      url,
      { ...request, scopes },
      first.token,
    )
    if (second.header === undefined || second.header === first.header) return answer
    discard(answer)
    return follow(this.#options, known, url, request, second.header)
  }

  /** The Authorization header that satisfies the registry. Rejects with `unauthorized` when there are no credentials. */
  async #authorization(
    known: KnownHost,
    url: URL,
    request: Pick<HostRequest, 'method' | 'credentials' | 'scopes' | 'signal'>,
    stale?: Token,
  ): Promise<{ header?: string; token?: Token }> {
    const { credentials, scopes, signal } = request
    if (credentials.registryToken) return { header: `Bearer ${credentials.registryToken}` }
    const bearer = known.challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer) {
      const asked = this.#tokenRequest(known.base, bearer, credentials, scopes)
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
  #tokenRequest(
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
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299
