import * as json from '../json.ts'
import { RegistryError } from './errors.ts'
import { nextLink } from './link.ts'
import type { RepositoryHost } from './repository.ts'

const pageSize = 1000
/** Largest page in bytes, most pages and most tags in all. */
const largestPage = 4 * 1024 * 1024
const mostPages = 2000
const mostTags = 100_000

/** See Repository.tags. Follows the pages while they lead on within the registry. */
export async function listTags(host: RepositoryHost, signal: AbortSignal | undefined): Promise<string[]> {
  const tags = new Set<string>()
  const seen = new Set<string>()
  let path: string | undefined = `/tags/list?n=${pageSize}`
  while (path !== undefined) {
    const request = { method: 'GET', path, wanted: 'name', signal } as const
    const { bytes, headers } = await host.fetch(request, largestPage, 'the list of tags')
    for (const tag of parseTags(bytes)) tags.add(tag)
    const link = nextLink(headers.link)
    // The same page again would never end.
    if (link === undefined || seen.has(link)) break
    seen.add(link)
    if (tags.size > mostTags)
      throw new RegistryError('invalid-answer', `the repository has more than ${mostTags} tags`)
    if (seen.size >= mostPages)
      throw new RegistryError('invalid-answer', `the list of tags has more than ${mostPages} pages`)
    path = pagePath(link)
  }
  return [...tags]
}

/** Only the query of the next page is taken: it is of the same list. */
function pagePath(link: string): string {
  const { search } = new URL(link, 'http://registry/')
  return `/tags/list${search}`
}

function parseTags(bytes: Buffer): string[] {
  try {
    const { tags } = json.parseJsonObject(bytes, 'list of tags', largestPage)
    return json.optional(tags, 'list of tags', (value, what) => json.list(value, what, json.string)) ?? []
  } catch (cause) {
    throw new RegistryError('invalid-answer', (cause as Error).message, { cause })
  }
}
