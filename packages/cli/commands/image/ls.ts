import type { ImageSummary } from '@gantry/api'
import { imageColumns, imageFormat, imageRows } from '../../format/list/images.ts'
import { formatList } from '../../format/list/list.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodeFilters, withFilter } from '../filters.ts'
import { listFormat } from '../list-format.ts'

/** `image ls`: lists images. */
export async function imageLs(
  context: CommandContext,
  [name]: readonly string[],
  flags: Flags,
): Promise<void> {
  const given = flags.filters('filter')
  const filters = encodeFilters(name === undefined ? given : withFilter(given, 'reference', name))
  const all = flags.bool('all')
  if (flags.bool('tree')) {
    const { imageTree } = await import('./tree.ts')
    return imageTree(context, flags, { ...(all && { all }), filters })
  }
  const images: ImageSummary[] = await context.client.call('ImageList', {
    query: { ...(all && { all }), filters },
  })
  const digests = flags.bool('digests')
  const format = imageFormat(listFormat(context, flags, 'imagesFormat'), flags.bool('quiet'), digests)
  const showsDigests = format.includes('{{.Digest}}')
  const truncate = !flags.bool('no-trunc')
  const rows = images.flatMap((image) => imageRows(image, digests, showsDigests, truncate))
  context.stdout.write(formatList(rows, imageColumns, format))
}
