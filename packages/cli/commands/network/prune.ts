import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { encodeFilters, type Filters, pruneFilters } from '../filters.ts'

const question =
  'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue? [y/N] '

/** `network prune`: removes networks that no container uses. */
export async function networkPrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  if (!flags.bool('force') && !(await confirm(context, question))) return
  const text = await pruneNetworks(context, pruneFilters(flags.filters('filter'), context.config))
  if (text) context.stdout.write(`${text}\n`)
}

/** Removes networks that no container uses; returns what to print, empty for none. */
export async function pruneNetworks({ client }: CommandContext, filters: Filters): Promise<string> {
  const report = await client.call('NetworkPrune', { query: { filters: encodeFilters(filters) } })
  const names = report.NetworksDeleted ?? []
  return names.length > 0 ? `Deleted Networks:\n${names.join('\n')}\n` : ''
}
