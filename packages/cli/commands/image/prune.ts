import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { encodeFilters, type Filters, pruneFilters, withFilter } from '../filters.ts'
import type { Pruned } from '../pruned.ts'

/** `image prune`: removes images that nothing uses. */
export async function imagePrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const all = flags.bool('all')
  const which = all ? 'images without at least one container associated to them' : 'dangling images'
  const question = `WARNING! This will remove all ${which}.\nAre you sure you want to continue? [y/N] `
  if (!flags.bool('force') && !(await confirm(context, question))) return
  const { text, space } = await pruneImages(
    context,
    pruneFilters(flags.filters('filter'), context.config),
    all,
  )
  if (text) context.stdout.write(`${text}\n`)
  context.stdout.write(`Total reclaimed space: ${humanSize(space)}\n`)
}

/** Removes images that nothing uses; without `all`, only those without a name. */
export async function pruneImages(
  { client }: CommandContext,
  filters: Filters,
  all: boolean,
): Promise<Pruned> {
  const report = await client.call('ImagePrune', {
    query: { filters: encodeFilters(withFilter(filters, 'dangling', String(!all))) },
  })
  const removed = report.ImagesDeleted ?? []
  if (removed.length === 0) return { text: '', space: 0 }
  const lines = removed.map(({ Untagged: untagged, Deleted: deleted }) =>
    untagged ? `untagged: ${untagged}\n` : `deleted: ${deleted}\n`,
  )
  return { text: `Deleted Images:\n${lines.join('')}`, space: report.SpaceReclaimed ?? 0 }
}
