/** The first question to a registry: who is there, and what does it demand? */
import { isPrivate } from './addresses.ts'
import { statusError } from './answers.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import { RegistryError } from './errors.ts'
import type { HostOptions } from './host.ts'
import { notTlsMessage } from './network-errors.ts'
import { isTransient } from './retry.ts'

/** What the first question has brought to light. */
export interface KnownHost {
  /** The one of the host's bases that answered. */
  base: URL
  challenges: Challenge[]
  isPrivate: boolean
  /** Until when it holds. */
  until: number
  /** What the answer says that is of the moment. */
  failure: RegistryError | null
}

/** Milliseconds for which what a host says of itself holds. */
export const knownFor = 5 * 60_000

/** The URL of a path at a registry. */
export const urlAt = (base: URL, path: string): URL => new URL(base.pathname.replace(/\/+$/, '') + path, base)

/** Asks the bases in their order until one answers. Rejects with RegistryError. */
export async function greet(options: HostOptions, signal?: AbortSignal): Promise<KnownHost> {
  const { bases } = options
  for (const [index, base] of bases.entries()) {
    const url = urlAt(base, '/v2/')
    try {
      return await ask(options, base, url, signal)
    } catch (error) {
      if (signal?.aborted || index === bases.length - 1 || !mayBePlain(error)) throw named(error, 'GET', url)
    }
  }
  throw new RegistryError('unreachable', 'no endpoint for the registry')
}

async function ask(
  { transport, insecure, userAgent }: HostOptions,
  base: URL,
  url: URL,
  signal?: AbortSignal,
): Promise<KnownHost> {
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
  const problem = statusError(answer, `login attempt to ${url.href} failed with status: ${status} ${reason}`)
  const challenges = answer.status === 401 ? parseChallenges(answer.headers['www-authenticate']) : []
  // An answer that says nothing about authentication says nothing for long.
  const until = Date.now() + (isTransient(answer.status) ? 0 : knownFor)
  const failure = isTransient(status) ? problem : null
  return { base, challenges, isPrivate: isPrivate(peer) || isPrivate(base.hostname), until, failure }
}

/** What goes wrong below HTTP is shown with the request. */
export function named(error: unknown, method: string, url: URL): unknown {
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
