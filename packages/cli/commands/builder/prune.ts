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
      ...space(flags),
    },
  })
  const deleted = report.CachesDeleted ?? []
  if (deleted.length > 0) context.stdout.write(`Deleted build cache objects:\n${deleted.join('\n')}\n\n`)
  context.stdout.write(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`)
}

/** `--keep-storage` is what `--reserved-space` was called; older engines know it by that name. */
function space(flags: Flags): Record<string, number> {
  const reserved = flags.changed('reserved-space') ? 'reserved-space' : 'keep-storage'
  const names = ['max-used-space', 'min-free-space'].filter((name) => flags.changed(name))
  const given = Object.fromEntries(names.map((name) => [name, flags.bytes(name)]))
  if (!flags.changed(reserved)) return given
  const bytes = flags.bytes(reserved)
  return { ...given, 'keep-storage': bytes, 'reserved-space': bytes }
}
