/** A file behind a URL, over the same proxies, certificates and timeouts as registries. */
import { GantryError } from '@gantry/errors'
import { bodyError, discard } from './answers.ts'
import type { CallOptions, DownloadedFile } from './contracts.ts'
import { RegistryError } from './errors.ts'
import type { Hosts } from './registries.ts'
import { basicAuthorization } from './tokens.ts'
import type { Answer } from './transport.ts'
import { reachOfRedirect } from './trust.ts'

/** Requests in all, as Go's client. */
const mostRequests = 10
const redirects = new Set([301, 302, 303, 307, 308])

const kindOfStatus: Record<number, 'NotFound' | 'InvalidParameter' | 'Unauthorized' | 'Forbidden'> = {
  400: 'InvalidParameter',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
}

/** See Registries.download. */
export async function download(hosts: Hosts, start: URL, { signal }: CallOptions): Promise<DownloadedFile> {
  const answer = await follow(hosts, start, signal)
  if (answer.status < 400) {
    const length = Number(answer.headers['content-length'] ?? Number.NaN)
    const modified = new Date(answer.headers['last-modified'] ?? Number.NaN)
    return {
      body: contentOf(answer),
      ...(Number.isSafeInteger(length) && { size: length }),
      ...(!Number.isNaN(modified.getTime()) && { modified }),
    }
  }
  const status = `${answer.status} ${answer.reason}`.trimEnd()
  // What it says besides is a page for browsers, or something that the asker was not to see.
  discard(answer)
  const message = `failed to GET ${shownUrl(start)} with status ${status}`
  throw new GantryError(kindOfStatus[answer.status] ?? 'System', message)
}

async function follow(hosts: Hosts, start: URL, signal: AbortSignal | undefined): Promise<Answer> {
  let url = start
  for (let hops = 0; ; hops++) {
    const isHome = url.origin === start.origin
    const [username, password] = [decodeURIComponent(start.username), decodeURIComponent(start.password)]
    const answer = await hosts.transport
      .send({
        method: 'GET',
        url,
        headers: {
          'User-Agent': hosts.config.userAgent,
          ...(isHome && username && { Authorization: basicAuthorization({ username, password }) }),
        },
        insecure: undefined,
        reach: isHome ? 'any' : reachOfRedirect(start, url, false),
        ...(signal && { signal }),
      })
      .catch((error: unknown) => {
        throw error instanceof RegistryError ? error.of('GET', url) : error
      })
    const { location } = answer.headers
    if (!redirects.has(answer.status) || location === undefined) return answer
    discard(answer)
    if (hops + 1 === mostRequests)
      throw new GantryError(
        'System',
        `Get ${JSON.stringify(location)}: stopped after ${mostRequests} redirects`,
      )
    url = targetOf(url, location)
  }
}

function targetOf(from: URL, location: string): URL {
  const target = URL.parse(location, from)
  if (
    !target ||
    !/^https?:$/.test(target.protocol) ||
    (from.protocol === 'https:' && target.protocol !== 'https:')
  )
    throw new GantryError('System', `Get ${JSON.stringify(location)}: refusing to be redirected there`)
  return target
}

async function* contentOf({ body }: Answer): AsyncGenerator<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>
  } catch (error) {
    throw bodyError(error)
  }
}

/** A URL as it may be shown: without its password. */
export function shownUrl(url: URL): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = 'xxxxx'
  return shown.href
}
