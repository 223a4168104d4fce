/** Requests of a registry, where redirects lead. */
import { discard } from './answers.ts'
import type { Reach } from './connect.ts'
import { RegistryError } from './errors.ts'
import type { HostOptions, HostRequest } from './host.ts'
import type { KnownHost } from './known-host.ts'
import type { Answer } from './transport.ts'
import { reachOfRedirect } from './trust.ts'

/** Requests in all, as Go's client. */
const mostRequests = 10
const redirects = new Set([301, 302, 303, 307, 308])

/** Sends a request where redirects lead. Other origins get no Authorization. Rejects with RegistryError. */
export async function follow(
  { transport, insecure, userAgent }: HostOptions,
  known: KnownHost,
  start: URL,
  request: HostRequest,
  authorization: string | undefined,
): Promise<Answer> {
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
    if (hops + 1 === mostRequests)
      throw new RegistryError('invalid-answer', `stopped after ${mostRequests} redirects`)
    url = redirectTarget(url, location)
    reach = reachOfRedirect(known.base, url, known.isPrivate)
  }
}

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
