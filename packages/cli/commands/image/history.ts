import type { ImageHistoryResponseItem } from '@gantry/api'
import { historyColumns, historyFormat } from '../../format/list/history.ts'
import { formatList } from '../../format/list/list.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'

/** `image history`: the layers of an image. */
export async function imageHistory(
  context: CommandContext,
  [name = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const platform = flags.string('platform')
  const layers: ImageHistoryResponseItem[] = await context.client.call('ImageHistory', {
    path: { name },
    query: { ...(platform && { platform: encodePlatform(platform) }) },
  })
  const human = flags.bool('human')
  const truncate = !flags.bool('no-trunc')
  const rows = layers.map((layer) => ({ layer, truncate, human }))
  const format = historyFormat(flags.string('format'), flags.bool('quiet'), human)
  context.stdout.write(formatList(rows, historyColumns, format))
}
