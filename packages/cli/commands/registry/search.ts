import { registryAuth } from '@gantry/client'
import { formatList } from '../../format/list/list.ts'
import { searchColumns, searchFormat } from '../../format/list/search.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'

const isAutomatedIsDeprecated =
  'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.\n'

/** `search`: looks for images in a registry's index, in the order of its answer. */
export async function search(
  { client, config, stdout, stderr }: CommandContext,
  [term = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const filters = flags.filters('filter')
  if (filters['is-automated']) stderr.write(isAutomatedIsDeprecated)
  const found = await client.call('ImageSearch', {
    query: { term, limit: flags.number('limit'), filters: encodeFilters(filters) },
    headers: { 'X-Registry-Auth': await registryAuth(config, term) },
  })
  const rows = found.map((result) => ({ result, truncate: !flags.bool('no-trunc') }))
  stdout.write(formatList(rows, searchColumns, searchFormat(flags.string('format'))))
}
