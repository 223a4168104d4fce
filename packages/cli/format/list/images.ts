/** The list of images. */
import type { ImageSummary } from '@gantry/api'
import { parseReference } from '../../options/reference.ts'
import { fromUnix, goTimeText } from '../time.ts'
import { humanSize } from '../units.ts'
import { isTable, type ListColumns } from './list.ts'
import { ago, shortId } from './texts.ts'

/** A name of an image: an image with several names has several rows. */
export interface ImageRow {
  readonly image: ImageSummary
  readonly repository: string
  readonly tag: string
  readonly digest: string
  readonly truncate: boolean
}

const created = '{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}'

/** The template of a format's short name; others are templates already. */
export function imageFormat(format: string, quiet: boolean, digests: boolean): string {
  const digest = digests ? '{{.Digest}}\\t' : ''
  if (format === 'table' || format === '') {
    return quiet ? '{{.ID}}' : `table {{.Repository}}\\t{{.Tag}}\\t${digest}{{.ID}}\\t${created}\\t{{.Size}}`
  }
  if (format === 'raw') {
    if (quiet) return 'image_id: {{.ID}}'
    const line = digests ? 'digest: {{.Digest}}\n' : ''
    return `repository: {{ .Repository }}\ntag: {{.Tag}}\n${line}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`
  }
  return isTable(format) && digests && !format.includes('{{.Digest}}') ? `${format}\\t{{.Digest}}` : format
}

export const imageColumns: ListColumns<ImageRow> = {
  name: 'formatter.imageContext',
  fields: {
    ID: ({ image, truncate }) => (truncate ? shortId(image.Id) : image.Id),
    Repository: ({ repository }) => repository,
    Tag: ({ tag }) => tag,
    Digest: ({ digest }) => digest,
    CreatedSince: ({ image }) => ago(image.Created * 1000),
    CreatedAt: ({ image }) => goTimeText(fromUnix(image.Created)),
    Size: ({ image }) => humanSize(image.Size, 3),
    Containers: ({ image }) => (image.Containers === -1 ? 'N/A' : String(image.Containers)),
    VirtualSize: ({ image }) => humanSize(image.Size),
    SharedSize: ({ image }) => (image.SharedSize === -1 ? 'N/A' : humanSize(image.SharedSize)),
    UniqueSize: ({ image }) =>
      image.Size === -1 || image.SharedSize === -1 ? 'N/A' : humanSize(image.Size - image.SharedSize),
  },
  headers: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Containers: 'CONTAINERS',
    VirtualSize: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
}

/** Whether no name leads to the image. Older engines say so by names of `<none>`. */
export function isDangling({ RepoTags: tags, RepoDigests: digests }: ImageSummary): boolean {
  const noTag = !tags?.length || (tags.length === 1 && tags[0] === '<none>:<none>')
  const noDigest = !digests?.length || (digests.length === 1 && digests[0] === '<none>@<none>')
  return noTag && noDigest
}

/** Collects tags or digests by repository; names that cannot be read are left out. */
function byRepository(names: readonly string[], part: 'tag' | 'digest'): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const text of names) {
    try {
      const reference = parseReference(text)
      const value = reference?.[part]
      if (!reference || value === undefined) continue
      const known = found.get(reference.name)
      if (known) known.push(value)
      else found.set(reference.name, [value])
    } catch {
      // `<none>@<none>` and the like.
    }
  }
  return found
}

/** The rows of an image. `digests`: one for each digest; otherwise digests count only where there is no tag. */
export function imageRows(
  image: ImageSummary,
  digests: boolean,
  showsDigests: boolean,
  truncate: boolean,
): ImageRow[] {
  const row = (repository: string, tag: string, digest: string): ImageRow => ({
    image,
    repository,
    tag,
    digest,
    truncate,
  })
  if (isDangling(image)) return [row('<none>', '<none>', '<none>')]
  const tags = byRepository(image.RepoTags ?? [], 'tag')
  const digestsOf = byRepository(image.RepoDigests ?? [], 'digest')
  const rows: ImageRow[] = []
  for (const [repository, names] of tags) {
    const known = digests || showsDigests ? (digestsOf.get(repository) ?? ['<none>']) : ['<none>']
    for (const tag of names) for (const digest of known) rows.push(row(repository, tag, digest))
    digestsOf.delete(repository)
  }
  for (const [repository, known] of digestsOf) {
    if (digests) for (const digest of known) rows.push(row(repository, '<none>', digest))
    else rows.push(row(repository, '<none>', ''))
  }
  return rows
}
