/** Searching a registry's index: Docker's registry API v1, which only Docker's own and a few others have. */
import { GantryError } from '@gantry/errors'
import * as json from '../json.ts'
import { readBody, statusError } from './answers.ts'
import type { SearchOptions, SearchResult } from './contracts.ts'
import { basesOf, type Insecure, insecurityOf } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import type { Hosts } from './registries.ts'
import { withRetries } from './retry.ts'
import { basicAuthorization } from './tokens.ts'
import type { Answer } from './transport.ts'

const defaultIndex = 'index.docker.io'
/** Largest list in bytes. */
const largestAnswer = 4 * 1024 * 1024

/** See Registries.search. */
export async function search(hosts: Hosts, term: string, options: SearchOptions): Promise<SearchResult[]> {
  const { index, name } = splitTerm(term)
  const insecure = await insecurityOf(index, hosts.config)
  const bases = basesOf(index, insecure)
  for (const [at, base] of bases.entries()) {
    const url = new URL(`/v1/search?${new URLSearchParams({ q: name, n: String(options.limit) })}`, base)
    try {
      const { limits } = hosts.config
      return parseResults(await withRetries(limits, options.signal, () => ask(hosts, url, insecure, options)))
    } catch (error) {
      const isOfConnection =
        error instanceof RegistryError && (error.reason === 'tls' || error.reason === 'unreachable')
      if (!isOfConnection || options.signal?.aborted) throw error
      if (at === bases.length - 1) throw error.of('GET', url)
    }
  }
  return []
}

/** `registry:5000/term` asks that registry; a term without a host asks Docker's own. Throws InvalidParameter. */
export function splitTerm(term: string): { index: string; name: string } {
  if (term.includes('://'))
    throw new GantryError(
      'InvalidParameter',
      `invalid repository name: repository name (${term}) should not have a scheme`,
    )
  const slash = term.indexOf('/')
  const first = term.slice(0, Math.max(0, slash))
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost')
  if (!isHost || first === 'docker.io' || first === defaultIndex) {
    const name = isHost ? term.slice(slash + 1) : term
    return { index: defaultIndex, name: name.replace(/^library\//, '') }
  }
  return { index: first, name: term.slice(slash + 1) }
}

async function ask(
  hosts: Hosts,
  url: URL,
  insecure: Insecure | undefined,
  options: SearchOptions,
): Promise<Buffer> {
  const { credentials = {}, headers, signal } = options
  const answer: Answer = await hosts.transport.send({
    method: 'GET',
    url,
    headers: {
      'User-Agent': hosts.config.userAgent,
      ...headers,
      'X-Docker-Token': 'true',
      ...(credentials.username && credentials.password && { Authorization: basicAuthorization(credentials) }),
    },
    insecure,
    reach: 'any',
    ...(signal && { signal }),
  })
  if (answer.status === 200) return readBody(answer.body, largestAnswer, 'the list of results')
  throw statusError(answer, `Unexpected status code ${answer.status}`)
}

function parseResults(bytes: Buffer): SearchResult[] {
  try {
    const { results } = json.parseJsonObject(bytes, 'search results', largestAnswer)
    return (
      json.optional(results, 'search results', (value, what) => json.list(value, what, parseResult)) ?? []
    )
  } catch (cause) {
    throw new RegistryError(
      'invalid-answer',
      `error decoding registry search results: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

function parseResult(value: unknown, what: string): SearchResult {
  const body = json.object(value, what)
  const flag = (key: string): boolean => json.optional(body[key], `${what} ${key}`, json.boolean) ?? false
  return {
    name: json.string(body.name, `${what} name`),
    description: json.optional(body.description, `${what} description`, json.string) ?? '',
    starCount: json.optional(body.star_count, `${what} star_count`, json.integer) ?? 0,
    isOfficial: flag('is_official'),
    isAutomated: flag('is_automated'),
  }
}
