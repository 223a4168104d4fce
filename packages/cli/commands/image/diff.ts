import type { ImageDifference } from '@gantry/api'
import { printable } from '../../format/printable.ts'
import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'

const letters = { added: 'A', changed: 'C', removed: 'D' } as const

/** `image diff`: what one image has that another has not, file by file. */
export async function imageDiff(
  { client, stdout }: CommandContext,
  [from = '', to = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const format = flags.string('format')
  if (format !== '' && format !== 'json')
    throw new Error(`invalid format ${JSON.stringify(format)}: want json`)
  const platform = flags.string('platform')
  const differences = client.values<ImageDifference>('ImageDiff', {
    path: { name: from },
    query: { with: to, ...(platform && { platform: encodePlatform(platform) }) },
  })
  const counts = { added: 0, changed: 0, removed: 0 }
  const sizes = { added: 0, changed: 0, removed: 0 }
  for await (const difference of differences) {
    if (format === 'json') {
      stdout.write(`${JSON.stringify(difference)}\n`)
      continue
    }
    const { path, kind, layer, size } = difference
    counts[kind]++
    sizes[kind] += size
    const short = layer.replace(/^sha256:/, '').slice(0, 12)
    stdout.write(`${letters[kind]} ${short} ${humanSize(size, 3).padStart(8)} ${printable(path)}\n`)
  }
  if (format === 'json') return
  const total = (kind: keyof typeof counts) => `${counts[kind]} ${kind} (${humanSize(sizes[kind], 3)})`
  stdout.write(`${total('added')}, ${total('changed')}, ${total('removed')}\n`)
}
