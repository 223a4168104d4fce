/** Credentials shown to a registry. */
import { discard, statusError } from './answers.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials, LoginResult } from './contracts.ts'
import { RegistryError } from './errors.ts'
import type { HostOptions } from './host.ts'
import { type KnownHost, urlAt } from './known-host.ts'
import { basicAuthorization, type TokenRequest } from './tokens.ts'

export interface LoginRequest {
  known: KnownHost
  credentials: Credentials
  /** What to ask the token server of a challenge. */
  tokenRequest(challenge: Challenge): TokenRequest & { trusted: boolean }
  signal: AbortSignal | undefined
}

/** One attempt, as RegistryHost.login has it. */
export async function logInto(
  options: HostOptions,
  { known, credentials, tokenRequest, signal }: LoginRequest,
): Promise<LoginResult> {
  const { base, challenges, failure } = known
  if (failure) throw failure
  const url = urlAt(base, '/v2/')
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
  if (bearer === undefined) {
    const isAsked = challenges.some(({ scheme }) => scheme === 'basic')
    return await loginWith(options, url, isAsked ? basicAuthorization(credentials) : undefined, '', signal)
  }
  const request = tokenRequest(bearer)
  if (!request.trusted) throw untrusted(base, request.realm)
  const token = await options.tokens.fresh({ ...request, offline: true }, signal).catch((error: unknown) => {
    throw error instanceof RegistryError && error.status !== undefined ? error.of('GET', url) : error
  })
  return await loginWith(options, url, `Bearer ${token.value}`, token.identityToken, signal)
}

async function loginWith(
  { transport, insecure, userAgent }: HostOptions,
  url: URL,
  authorization: string | undefined,
  identityToken: string,
  signal?: AbortSignal,
): Promise<LoginResult> {
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

function untrusted(registry: URL, realm: URL): RegistryError {
  const advice = `name it in "registry-token-servers" of daemon.json if it may have them`
  return new RegistryError(
    'denied',
    `${registry.host} sends its users to ${realm.origin}, which is not given their credentials: ${advice}`,
  )
}
