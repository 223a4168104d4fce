import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { encodeFilters, type Filters, pruneFilters } from '../filters.ts'
import type { Pruned } from '../pruned.ts'

const question =
  'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] '

/** `container prune`: removes all stopped containers. */
export async function containerPrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  if (!flags.bool('force') && !(await confirm(context, question))) return
  const { text, space } = await pruneContainers(
    context,
    pruneFilters(flags.filters('filter'), context.config),
  )
  if (text) context.stdout.write(`${text}\n`)
  context.stdout.write(`Total reclaimed space: ${humanSize(space)}\n`)
}

/** Removes stopped containers. */
export async function pruneContainers({ client }: CommandContext, filters: Filters): Promise<Pruned> {
  const report = await client.call('ContainerPrune', { query: { filters: encodeFilters(filters) } })
  const ids = report.ContainersDeleted ?? []
  if (ids.length === 0) return { text: '', space: 0 }
  return { text: `Deleted Containers:\n${ids.join('\n')}\n`, space: report.SpaceReclaimed ?? 0 }
}
