import { compareVersions } from '@gantry/client'
import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { encodeFilters, type Filters, pruneFilters, withFilter } from '../filters.ts'
import type { Pruned } from '../pruned.ts'

/** `volume prune`: removes volumes that no container uses, only anonymous ones unless asked for all. */
export async function volumePrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  let filters = pruneFilters(flags.filters('filter'), context.config)
  // Older engines know no difference: they remove volumes with a name too.
  let all = compareVersions(await context.client.apiVersion(), '1.42') < 0
  if (!all && flags.bool('all')) {
    if (filters.all) throw new Error('conflicting options: cannot specify both --all and --filter all=1')
    filters = withFilter(filters, 'all', 'true')
    all = true
  }
  const which = all ? 'all' : 'anonymous'
  const question = `WARNING! This will remove ${which} local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] `
  if (!flags.bool('force') && !(await confirm(context, question))) return
  const { text, space } = await pruneVolumes(context, filters)
  if (text) context.stdout.write(`${text}\n`)
  context.stdout.write(`Total reclaimed space: ${humanSize(space)}\n`)
}

/** Removes volumes that no container uses: those that the filters say. */
export async function pruneVolumes({ client }: CommandContext, filters: Filters): Promise<Pruned> {
  const report = await client.call('VolumePrune', { query: { filters: encodeFilters(filters) } })
  const names = report.VolumesDeleted ?? []
  if (names.length === 0) return { text: '', space: 0 }
  return { text: `Deleted Volumes:\n${names.join('\n')}\n`, space: report.SpaceReclaimed ?? 0 }
}
