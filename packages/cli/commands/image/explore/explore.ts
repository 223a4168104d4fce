import type { ImageLayer, ImageLayerFile } from '@gantry/api'
import type { CommandContext, Flags } from '../../../framework/command.ts'
import { encodePlatform } from '../../../options/platform.ts'
import { terminalSize } from '../../../streams/terminal.ts'
import { readLayers } from './layers.ts'
import { formatReport, reportOf } from './report.ts'

/** `image explore`: what each layer of an image adds, changes and removes, and what of it is wasted. */
export async function imageExplore(
  context: CommandContext,
  [name = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, stdin, stdout } = context
  const format = flags.string('format')
  if (format !== '' && format !== 'json' && format !== 'text')
    throw new Error(`invalid format ${JSON.stringify(format)}: want text or json`)
  const platform = flags.string('platform')
  const items = client.values<ImageLayer | ImageLayerFile>('ImageLayers', {
    path: { name },
    query: { ...(platform && { platform: encodePlatform(platform) }) },
  })
  const layers = await readLayers(items)
  if (format === '' && terminalSize(stdout) && stdin.isTTY) {
    const { showLayers } = await import('./screen.ts')
    return showLayers(context, layers)
  }
  const report = reportOf(layers)
  stdout.write(format === 'json' ? `${JSON.stringify(report)}\n` : formatReport(report))
}
