/** What was made here has uncompressed layers: they are compressed before they go to a registry, as Docker does. */
import {
  type Descriptor,
  type Digest,
  hexOf,
  type Manifest,
  mediaTypes,
  parseReference,
  serializeManifest,
} from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import type { ImageParts } from '../dependencies.ts'
import { readManifest } from '../read-image.ts'
import type { ImageRecord, ReferenceRecord } from '../records.ts'
import type { Hold } from '../retention.ts'

const compressedTypes: Readonly<Record<string, string>> = {
  [mediaTypes.ociLayer]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerLayer]: mediaTypes.dockerLayerGzip,
}

/**
 * Gives the image a manifest with compressed layers, which it keeps: the next push finds them, and a pull knows it again.
 * An image that a registry knows by its manifest stays as it is; an index keeps the manifest that it has.
 */
export async function compressImage(
  parts: ImageParts,
  { image: id, variants }: ReferenceRecord,
  hold: Hold,
  report: (message: ProgressMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  // What has a manifest of its own under this name came with it from somewhere.
  if (variants) return
  const image = parts.catalog.get(id)
  if (!image || isKnownByManifest(parts, image)) return
  const compressed = await new Compressor(parts, hold, report, signal).image(image)
  if (compressed) takeOver(parts, image, compressed)
}

/** The manifest that an image gets with its layers compressed. */
export interface CompressedImage {
  digest: Digest
  size: number
  layers: Descriptor[]
}

/** Makes it the image's, unless somebody else has removed the image meanwhile, or given it a manifest. */
export function takeOver(
  { catalog }: Pick<ImageParts, 'catalog'>,
  { id, manifest }: ImageRecord,
  compressed: CompressedImage,
): void {
  const current = catalog.get(id)
  if (current?.manifest === manifest) catalog.put(packedAs(current, compressed))
}

/** The image with that manifest. */
export const packedAs = (image: ImageRecord, { digest, layers }: CompressedImage): ImageRecord => ({
  ...image,
  manifest: digest,
  layers: image.layers.map(({ diffId }, index) => ({
    diffId,
    blob: (layers[index] as Descriptor).digest,
  })),
})

function isKnownByManifest({ catalog }: ImageParts, { id, manifest }: ImageRecord): boolean {
  return catalog.namesOf(id).some(({ name, index }) => !index && parseReference(name).digest === manifest)
}

export class Compressor {
  readonly #parts: ImageParts
  readonly #hold: Hold
  readonly #report: (message: ProgressMessage) => void
  readonly #signal: AbortSignal
  readonly #images: readonly ImageRecord[]
  /** What was compressed for one image serves the next. */
  readonly #made = new Map<Digest, { digest: Digest; size: number }>()

  constructor(
    parts: ImageParts,
    hold: Hold,
    report: (message: ProgressMessage) => void,
    signal: AbortSignal,
  ) {
    this.#parts = parts
    this.#hold = hold
    this.#report = report
    this.#signal = signal
    this.#images = parts.catalog.images()
  }

  /** Null when no layer is uncompressed. The new manifest and its layers are held. */
  async image(image: ImageRecord): Promise<CompressedImage | null> {
    await this.#hold.use([image.manifest, ...image.layers.map(({ blob }) => blob)])
    const manifest = await readManifest(this.#parts.content, image.manifest)
    if (manifest.kind !== 'manifest') return null
    if (!manifest.layers.some(({ mediaType }) => Object.hasOwn(compressedTypes, mediaType))) return null
    const layers = await this.#layers(image, manifest)
    const { digest, size } = await this.#hold.put(serializeManifest({ ...manifest, layers }))
    return { digest, size, layers }
  }

  /** When one fails, the others are given up. */
  async #layers({ layers }: ImageRecord, manifest: Manifest): Promise<Descriptor[]> {
    const abort = new AbortController()
    const signal = AbortSignal.any([this.#signal, abort.signal])
    const work = manifest.layers.map((layer, index) =>
      this.#layer(layer, layers[index]?.diffId as Digest, signal),
    )
    try {
      return await Promise.all(work)
    } catch (error) {
      abort.abort(error)
      throw error
    } finally {
      await Promise.allSettled(work)
    }
  }

  async #layer(layer: Descriptor, diffId: Digest, signal: AbortSignal): Promise<Descriptor> {
    const mediaType = compressedTypes[layer.mediaType]
    if (mediaType === undefined || layer.digest !== diffId) return layer
    const known = this.#made.get(diffId) ?? (await this.#known(diffId))
    if (known) return { ...layer, mediaType, ...known }
    const { compressions } = this.#parts.transfers
    const made = await compressions.run(() => this.#compress(layer, signal), signal)
    this.#made.set(diffId, made)
    return { ...layer, mediaType, ...made }
  }

  /** Another image may have the layer compressed. */
  async #known(diffId: Digest): Promise<{ digest: Digest; size: number } | undefined> {
    const { content } = this.#parts
    for (const image of this.#images) {
      const index = image.layers.findIndex((layer) => layer.diffId === diffId && layer.blob !== diffId)
      if (index < 0 || !(await content.has(image.manifest))) continue
      const manifest = await readManifest(content, image.manifest)
      const layer = manifest.kind === 'manifest' ? manifest.layers[index] : undefined
      if (!layer || !Object.values(compressedTypes).includes(layer.mediaType)) continue
      await this.#hold.use([layer.digest])
      if (await content.has(layer.digest)) return { digest: layer.digest, size: layer.size }
    }
    return undefined
  }

  async #compress(
    { digest, size: total }: Descriptor,
    signal: AbortSignal,
  ): Promise<{ digest: Digest; size: number }> {
    const { content, archive } = this.#parts
    const tell = (progressDetail: ProgressMessage['progressDetail'] = {}) =>
      this.#report({ status: 'Compressing', progressDetail, id: hexOf(digest).slice(0, 12) })
    tell()
    await using draft = await content.draft()
    const blob = await archive.compress(await content.locate(digest), digest, draft.path, {
      signal,
      onProgress: (current) => tell({ current, total }),
    })
    return await this.#hold.commit({ commit: () => draft.publish(blob) })
  }
}
