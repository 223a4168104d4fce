/** Docker's own archive: `manifest.json` names the configuration and the layers of each image. */
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  decompress,
  json,
  largestConfig,
  largestManifest,
  mediaTypes,
  parseReference,
  type Reference,
  serializeManifest,
  withDefaultTag,
} from '@gantry/oci'
import type { BlobInfo, ContentStore } from '@gantry/store'
import { recordOf } from '../read-image.ts'
import type { Hold } from '../retention.ts'
import type { Loadable } from './loadable.ts'
import type { Spooled } from './spool.ts'

interface Item {
  config: string
  layers: string[]
  tags: string[]
}

/** The images of the archive. Each gets an OCI manifest, as Docker's archive has none. Rejects with InvalidParameter. */
export async function readDockerArchive(
  spooled: Spooled,
  content: ContentStore,
  hold: Hold,
): Promise<Loadable[]> {
  const loadables: Loadable[] = []
  for (const item of await readItems(spooled, content)) {
    const config = spooled.get(item.config)
    if (config.size > largestConfig)
      throw json.malformed('image config', `larger than ${largestConfig} bytes`)
    const layers: Descriptor[] = []
    for (const layer of item.layers) layers.push(await describeLayer(content, hold, spooled.get(layer)))
    const body = { config: { mediaType: mediaTypes.ociConfig, ...config }, layers }
    const manifest = serializeManifest({ kind: 'manifest', mediaType: mediaTypes.ociManifest, ...body })
    const { digest } = await hold.put(manifest)
    const image = await recordOf(content, digest, body)
    if (image.os === 'windows')
      throw new GantryError('InvalidParameter', 'cannot load windows image on linux')
    loadables.push({ names: item.tags.map(nameOf), images: [image], ownManifests: false })
  }
  return loadables
}

/** A digest is not the archive's to give: it would name what is not its content. */
function nameOf(tag: string): Reference {
  const reference = parseReference(tag)
  if (reference.digest) throw new GantryError('InvalidParameter', `invalid tag ${JSON.stringify(tag)}`)
  return withDefaultTag(reference)
}

async function readItems(spooled: Spooled, content: ContentStore): Promise<Item[]> {
  const file = spooled.find('manifest.json')
  if (!file) throw new GantryError('InvalidParameter', 'invalid archive: does not contain a manifest.json')
  const bytes = await content.readAll(file.digest, largestManifest)
  // The file is a list; the parser of documents wants an object.
  const { items } = json.parseJsonObject(
    Buffer.concat([Buffer.from('{"items":'), bytes, Buffer.from('}')]),
    'manifest.json',
    largestManifest + 16,
  )
  return json.list(items, 'manifest.json', (value, what) => {
    const item = json.object(value, what)
    const texts = (key: string) =>
      json.optional(item[key], `${what}.${key}`, (list, where) => json.list(list, where, json.string)) ?? []
    return {
      config: json.string(item.Config, `${what}.Config`),
      layers: texts('Layers'),
      tags: texts('RepoTags'),
    }
  })
}

/** There is no media type for layers in bzip2 or xz, which Docker takes as well: those are kept uncompressed. */
async function describeLayer(
  content: ContentStore,
  hold: Hold,
  { digest, size }: BlobInfo,
): Promise<Descriptor> {
  const { compression, stream } = await decompress(await content.read(digest))
  try {
    if (compression !== 'bzip2' && compression !== 'xz')
      return { mediaType: layerTypes[compression], digest, size }
    await using writer = await content.writer()
    for await (const chunk of stream) await writer.write(chunk)
    return { mediaType: layerTypes.none, ...(await hold.commit(writer)) }
  } finally {
    stream.destroy()
  }
}

const layerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const
