/** `image ls --tree`: images with the platforms they hold. */
import type { ImageManifestSummary, ImageSummary } from '@gantry/api'
import { isDangling } from '../../format/list/images.ts'
import { shortId } from '../../format/list/texts.ts'
import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'

interface Line {
  readonly cells: readonly [name: string, id: string, usage: string, content: string, extra: string]
}

/** Lists images as a tree. Throws for the flags that only make sense in a flat list. */
export async function imageTree(
  { client, stdout }: CommandContext,
  flags: Flags,
  query: { all?: true; filters: string | undefined },
): Promise<void> {
  for (const name of ['quiet', 'no-trunc', 'digests', 'format']) {
    if (flags.changed(name)) throw new Error(`--${name} is not yet supported with --tree`)
  }
  const images: ImageSummary[] = await client.call('ImageList', { query: { ...query, manifests: true } })
  const shown = images
    .filter((image) => flags.bool('all') || !isDangling(image))
    .sort((a, b) => b.Created - a.Created)
  const lines = shown.flatMap((image): (Line | '')[] => [...imageLines(image), ''])
  stdout.write(treeText(lines))
}

function imageLines(image: ImageSummary): Line[] {
  const all = image.Manifests ?? []
  const manifests = all.filter(({ Kind: kind }) => kind === 'image')
  const content = all.reduce((sum, { Size: size }) => sum + (size?.Content ?? 0), 0)
  const names = image.RepoTags?.length ? image.RepoTags : ['<untagged>']
  const used = image.Containers > 0 || manifests.some((manifest) => containersOf(manifest).length > 0)
  const [last = ''] = names.slice(-1)
  const head: Line[] = names.slice(0, -1).map((name) => ({ cells: [name, '', '', '', ''] }))
  head.push({
    cells: [last, shortId(image.Id), humanSize(image.Size, 3), humanSize(content, 3), used ? 'U' : ''],
  })
  return [
    ...head,
    ...manifests.map((manifest, index) => manifestLine(manifest, index === manifests.length - 1)),
  ]
}

function manifestLine(manifest: ImageManifestSummary, isLast: boolean): Line {
  const { os = '', architecture = '', variant } = manifest.ImageData?.Platform ?? {}
  const platform = [os, architecture, variant].filter(Boolean).join('/')
  const { Total: total = 0, Content: content = 0 } = manifest.Size ?? {}
  return {
    cells: [
      `${isLast ? '└─' : '├─'} ${platform}`,
      shortId(manifest.ID ?? ''),
      humanSize(total, 3),
      humanSize(content, 3),
      containersOf(manifest).length > 0 ? 'U' : '',
    ],
  }
}

const containersOf = (manifest: ImageManifestSummary): readonly string[] =>
  manifest.ImageData?.Containers ?? []

const header: Line['cells'] = ['IMAGE', 'ID', 'DISK USAGE', 'CONTENT SIZE', 'EXTRA']

/** Names and ids to the left, sizes to the right. */
function treeText(lines: readonly (Line | '')[]): string {
  const rows = [{ cells: header }, ...lines]
  const widths = header.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row === '' ? 0 : [...(row.cells[column] ?? '')].length), 0),
  )
  const text = rows.map((row) => {
    if (row === '') return ''
    const cells = row.cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 2 || column === 3 ? cell.padStart(width) : cell.padEnd(width)
    })
    return cells.join('   ').trimEnd()
  })
  return `${text.join('\n')}\n`
}
