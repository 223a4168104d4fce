import type { NetworkSummary } from '@gantry/api'
import { formatList } from '../../format/list/list.ts'
import { networkColumns, networkFormat } from '../../format/list/networks.ts'
import { naturalOrder } from '../../format/natural-order.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'
import { listFormat } from '../list-format.ts'

/** `network ls`: lists networks by name. */
export async function networkLs(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const filters = encodeFilters(flags.filters('filter'))
  const networks: NetworkSummary[] = await context.client.call('NetworkList', { query: { filters } })
  const truncate = !flags.bool('no-trunc')
  const rows = networks
    .sort((a, b) => naturalOrder(a.Name ?? '', b.Name ?? ''))
    .map((network) => ({ network, truncate }))
  const format = networkFormat(listFormat(context, flags, 'networksFormat'), flags.bool('quiet'))
  context.stdout.write(formatList(rows, networkColumns, format))
}
