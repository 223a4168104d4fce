/** An image of one more layer on top of another: what `POST /commit` makes. */
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  digestOf,
  endBlocks,
  familiarName,
  type HistoryEntry,
  type ImageConfigFile,
  mediaTypes,
  parseRunConfig,
} from '@gantry/oci'
import type { BlobInfo } from '@gantry/store'
import type { ImageCommitOptions } from '../contracts.ts'
import { chainOf } from './catalog.ts'
import { announce, type ImageParts } from './dependencies.ts'
import { readConfig, readManifest } from './read-image.ts'
import type { ImageRecord } from './records.ts'
import type { Hold } from './retention.ts'
import { storeImage } from './store-image.ts'
import { nameImage, parseTarget } from './tag.ts'

/** The digest of a layer without entries. */
const emptyLayer = digestOf(endBlocks)

/** What the request says is checked before the layer is asked for. Announces `create`, and `tag` for a name. */
export async function commitImage(
  parts: ImageParts,
  layer: () => Promise<Readable>,
  options: ImageCommitOptions,
): Promise<{ id: Digest; name: string }> {
  const target = options.repo ? parseTarget(options.repo, options.tag) : undefined
  const config = parseRunConfig(options.config, 'container config')
  const parent = options.parent === null ? null : findParent(parts, options.parent)
  await using hold = parts.retention.begin()
  if (parent) await hold.use([parent.manifest, parent.id, ...blobsOf(parent), ...chainOf(parent)])
  const below = parent ? await readConfig(parts.content, parent.id) : { diffIds: [], history: [] }
  const layers = parent ? await layersOf(parts, parent) : []
  const stored = await storeLayer(parts, hold, await layer())
  const isEmpty = stored.digest === emptyLayer
  const { author, comment, createdBy } = options
  const created = new Date().toISOString()
  const step: HistoryEntry = {
    created,
    ...(author && { author }),
    created_by: createdBy,
    ...(comment && { comment }),
    ...(isEmpty && { empty_layer: true }),
  }
  const file: ImageConfigFile = {
    ...options.platform,
    created,
    ...(author && { author }),
    ...(comment && { comment }),
    config,
    diffIds: isEmpty ? below.diffIds : [...below.diffIds, stored.digest],
    history: [...below.history, step],
  }
  const all = isEmpty ? layers : [...layers, { mediaType: mediaTypes.ociLayer, ...stored }]
  const id = await storeImage(parts, hold, file, all, parent?.id)
  announce(parts, 'create', id)
  if (target) nameImage(parts, target, { image: id })
  return { id, name: target ? familiarName(target) : '' }
}

/** Also one that has been removed by force while the container needs it. */
function findParent({ catalog }: ImageParts, id: Digest): ImageRecord {
  const image = catalog.get(id)
  if (!image) throw new GantryError('NotFound', `No such image: ${id}`)
  return image
}

const blobsOf = ({ layers }: ImageRecord): Digest[] => layers.map(({ blob }) => blob)

/** Docker's names for kinds of layers, in the OCI's: the new manifest is one of the OCI. */
const ociTypes: Record<string, string> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
}

async function layersOf({ content }: ImageParts, { manifest }: ImageRecord): Promise<Descriptor[]> {
  const body = await readManifest(content, manifest)
  if (body.kind !== 'manifest') throw new GantryError('System', `${manifest} is not the manifest of an image`)
  return body.layers.map((each) => ({ ...each, mediaType: ociTypes[each.mediaType] ?? each.mediaType }))
}

/** Kept uncompressed: then one pass gives its digest and its diff id, which are the same. */
async function storeLayer({ content }: ImageParts, hold: Hold, layer: Readable): Promise<BlobInfo> {
  try {
    await using writer = await content.writer()
    for await (const chunk of layer as AsyncIterable<Buffer>) await writer.write(chunk)
    return await hold.commit(writer)
  } finally {
    layer.destroy()
  }
}
