import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { encodeFilters, pruneFilters } from '../filters.ts'

/** `builder prune`: forgets what builds have kept. */
export async function builderPrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const all = flags.bool('all')
  const which = all ? 'all build cache' : 'all dangling build cache'
  const question = `WARNING! This will remove ${which}. Are you sure you want to continue? [y/N] `
  if (!flags.bool('force') && !(await confirm(context, question))) return
  const filters = pruneFilters(flags.filters('filter'), context.config)
  const report = await context.client.call('BuildPrune', {
    query: {
      all,
      filters: encodeFilters(filters),
      ...(flags.changed('keep-storage') && { 'keep-storage': flags.bytes('keep-storage') }),
    },
  })
  const deleted = report.CachesDeleted ?? []
  if (deleted.length > 0) context.stdout.write(`Deleted build cache objects:\n${deleted.join('\n')}\n\n`)
  context.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`)
}
