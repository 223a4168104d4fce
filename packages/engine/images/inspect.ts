import type { ImageHistoryResponseItem, ImageInspect } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import type { Digest, HistoryEntry } from '@gantry/oci'
import type { ImageInspectOptions } from '../contracts.ts'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { sizeOf } from './layer-sizes.ts'
import { createdAt, namesShown } from './list.ts'
import { targetSummary } from './platforms.ts'
import { descriptorOf, readConfig } from './read-image.ts'
import type { ImageRecord } from './records.ts'
import { selectImage } from './resolve.ts'

/** `GET /images/{name}/json`. */
export async function inspectImage(
  parts: ImageParts,
  text: string,
  { platform, manifests = false }: ImageInspectOptions,
): Promise<ImageInspect> {
  const image = findForInspect(parts, text, platform)
  const file = await readConfig(parts.content, image.id)
  const index = indexOf(parts, text)
  return {
    Id: image.id,
    ...namesShown(parts.catalog.namesOf(image.id)),
    ...(image.parent && { Parent: image.parent }),
    ...(file.comment && { Comment: file.comment }),
    ...(file.created && { Created: file.created }),
    ...(file.author && { Author: file.author }),
    Config: file.config,
    Architecture: file.architecture,
    ...(file.variant && { Variant: file.variant }),
    Os: file.os,
    ...(file['os.version'] && { OsVersion: file['os.version'] }),
    Size: await sizeOf(parts.layers, image),
    GraphDriver: { Name: 'overlay2', Data: await directoriesOf(parts, image) },
    RootFS: { Type: 'layers', Layers: file.diffIds },
    Descriptor: await descriptorOf(parts.content, (platform ? undefined : index?.digest) ?? image.manifest),
    ...(manifests && { Manifests: (await targetSummary(parts, image, index)).manifests }),
    Metadata: { LastTagTime: image.taggedAt ?? '0001-01-01T00:00:00Z' },
  }
}

/** Docker says this one twice. */
function findForInspect(parts: ImageParts, text: string, platform?: string): ImageRecord {
  try {
    return selectImage(parts, text, platform)
  } catch (error) {
    if (!isKind(error, 'NotFound') || platform) throw error
    throw new GantryError('NotFound', `no such image: ${text}: ${error.message}`, { cause: error })
  }
}

const indexOf = ({ catalog }: ImageParts, text: string) => catalog.find(text).reference?.index

/** Where the layers lie, in the terms of Docker's overlay2. */
async function directoriesOf({ layers }: ImageParts, image: ImageRecord): Promise<Record<string, string>> {
  const top = chainOf(image).at(-1)
  if (top === undefined || !(await layers.has(top))) return {}
  const [upper = '', ...lower] = await layers.directories(top)
  return { ...(lower.length > 0 && { LowerDir: lower.join(':') }), UpperDir: upper }
}

/** `GET /images/{name}/history`: newest step first. Steps that were made elsewhere, or by BuildKit's clients, are `<missing>`. */
export async function imageHistory(
  parts: ImageParts,
  text: string,
  platform?: string,
): Promise<ImageHistoryResponseItem[]> {
  const image = selectImage(parts, text, platform)
  const { history } = await readConfig(parts.content, image.id)
  const sizes = await layerSizes(parts, image)
  const steps: HistoryEntry[] = history.length > 0 ? history : image.layers.map(() => ({}))
  const items = steps.map((step) => ({
    Id: '<missing>',
    Created: Math.floor(createdAt(step) / 1000),
    CreatedBy: step.created_by ?? '',
    Tags: [] as string[],
    Size: step.empty_layer ? 0 : (sizes.shift() ?? 0),
    Comment: step.comment ?? '',
  }))
  const newest = items.reverse()[0]
  if (newest) Object.assign(newest, { Id: image.id, Tags: tagsOf(parts, image.id) })
  for await (const { id, steps: length } of ancestors(parts, image)) {
    const item = items[items.length - length]
    if (item && item !== newest) Object.assign(item, { Id: id, Tags: tagsOf(parts, id) })
  }
  return items
}

/** What an image was made from on this machine, and how many steps each of those had. */
async function* ancestors(
  { catalog, content, intermediates }: ImageParts,
  image: ImageRecord,
): AsyncGenerator<{ id: Digest; steps: number }> {
  for (let id = image.parent; id !== undefined; ) {
    const record = catalog.get(id) ?? intermediates.get(id)
    if (!record) return
    const { history } = 'file' in record ? record.file : await readConfig(content, id)
    yield { id, steps: history.length }
    id = record.parent
  }
}

function tagsOf({ catalog }: ImageParts, id: Digest): string[] {
  return namesShown(catalog.namesOf(id)).RepoTags
}

async function layerSizes({ layers }: ImageParts, image: ImageRecord): Promise<number[]> {
  const sizes: number[] = []
  for (const chainId of chainOf(image))
    sizes.push((await layers.has(chainId)) ? await layers.size(chainId) : 0)
  return sizes
}
