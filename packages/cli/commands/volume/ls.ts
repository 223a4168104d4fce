import { formatList } from '../../format/list/list.ts'
import { volumeColumns, volumeFormat } from '../../format/list/volumes.ts'
import { naturalOrder } from '../../format/natural-order.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'
import { listFormat } from '../list-format.ts'

const clusterTable = 'table {{.Name}}\\t{{.Group}}\\t{{.Driver}}\\t{{.Availability}}\\t{{.Status}}'

/** `volume ls`: lists volumes by name. */
export async function volumeLs(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const filters = encodeFilters(flags.filters('filter'))
  const answer = await context.client.call('VolumeList', { query: { filters } })
  let volumes = (answer.Volumes ?? []).sort((a, b) => naturalOrder(a.Name, b.Name))
  let format = volumeFormat(listFormat(context, flags, 'volumesFormat'), flags.bool('quiet'))
  if (flags.bool('cluster')) {
    volumes = volumes.filter((volume) => volume.ClusterVolume)
    if (!flags.bool('quiet')) format = clusterTable
  }
  context.stdout.write(formatList(volumes, volumeColumns, format))
}
