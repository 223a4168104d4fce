/** The layers of a build's result as blobs: as they are kept, or compressed, or with the times of their files rewritten. */
import { pipeline, Readable } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import type { ArchiveWorkers } from '@gantry/archive'
import type { Snapshot, SnapshotLayer } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { type Descriptor, type Digest, decompress, mediaTypes } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import { blobInImage } from '../../images/layer-blob.ts'
import type { Hold } from '../../images/retention.ts'
import type { CompressedLayers } from '../cache/compressed-layers.ts'
import type { Compression } from './attributes.ts'

/** A layer of an image in the making. */
export interface LayerBlob {
  diffId: Digest
  descriptor: Descriptor
}

const types = {
  uncompressed: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const

export interface LayerParts {
  images: Pick<ImageParts, 'content' | 'catalog' | 'layers'>
  archive: Pick<ArchiveWorkers, 'layer'>
  /** What earlier builds have compressed. */
  compressed: Pick<CompressedLayers, 'find' | 'keep'>
}

export class LayerBlobs {
  readonly #parts: Pick<ImageParts, 'content' | 'catalog' | 'layers'>
  readonly #archive: Pick<ArchiveWorkers, 'layer'>
  readonly #compressed: LayerParts['compressed']
  readonly #hold: Hold
  /** What has been made already: many results have the same layers. */
  readonly #made = new Map<string, Promise<LayerBlob>>()

  constructor({ images, archive, compressed }: LayerParts, hold: Hold) {
    this.#parts = images
    this.#archive = archive
    this.#compressed = compressed
    this.#hold = hold
  }

  /**
   * Base first. `latest`: seconds since 1970, for files of layers that are not the base image's. Rejects with NotFound
   * when a layer has gone.
   */
  async of(
    { layers }: Snapshot,
    baseLayers: number,
    compression: Compression | null,
    latest: number | null,
  ): Promise<LayerBlob[]> {
    const blobs: LayerBlob[] = []
    for (const [index, layer] of layers.entries()) {
      const isOwn = index >= baseLayers
      const form = JSON.stringify([layer.chainId, isOwn, compression, latest])
      const made = this.#made.get(form) ?? this.#blob(layer, isOwn, compression, latest)
      this.#made.set(form, made)
      blobs.push(await made)
    }
    return blobs
  }

  async #blob(
    layer: SnapshotLayer,
    isOwn: boolean,
    compression: Compression | null,
    latest: number | null,
  ): Promise<LayerBlob> {
    const kept = await this.#kept(layer, isOwn ? compression : null)
    const blob = isOwn && latest !== null ? await this.#rewritten(layer, latest) : kept
    return compression ? await this.#inForm(blob, compression) : blob
  }

  /** A layer of this machine is kept uncompressed; one of an image as that has it, which may be what is wanted. */
  async #kept({ diffId }: SnapshotLayer, wanted: Compression | null): Promise<LayerBlob> {
    const { content } = this.#parts
    const plain = { mediaType: types.uncompressed, digest: diffId }
    const isHere = await content.has(diffId)
    const found = isHere && !wanted ? null : await blobInImage(this.#parts, this.#hold, diffId)
    if (isHere && !(found && wanted && found.mediaType === types[wanted.type] && wanted.level === undefined))
      return { diffId, descriptor: { ...plain, size: (await content.info(diffId)).size } }
    if (found) return { diffId, descriptor: found }
    throw new GantryError('NotFound', `layer ${diffId} is gone: build again`)
  }

  /** Packed again from its files. */
  async #rewritten({ chainId }: SnapshotLayer, latest: number): Promise<LayerBlob> {
    const [upper = '', ...lower] = await this.#parts.layers.directories(chainId)
    const packed = await this.#archive.layer({ upper, lower, mountPoints: [], latest })
    const { digest, size } = await this.#store(packed)
    return { diffId: digest, descriptor: { mediaType: types.uncompressed, digest, size } }
  }

  async #inForm(blob: LayerBlob, { type, level, force }: Compression): Promise<LayerBlob> {
    const { mediaType, digest } = blob.descriptor
    const isWanted = mediaType === types[type] && (level === undefined || !force)
    const isCompressed = mediaType !== types.uncompressed
    if (isWanted || (isCompressed && !force)) return blob
    const form = { type, ...(level !== undefined && { level }) }
    // One that was compressed elsewhere is another's to remember.
    const isOwn = digest === blob.diffId
    const known = isOwn ? await this.#remembered(blob.diffId, form) : null
    if (known) return { diffId: blob.diffId, descriptor: known }
    const { stream } = await decompress(await this.#parts.content.read(digest))
    const packed = compress(Readable.from(stream, { objectMode: false }), type, level)
    const descriptor = { mediaType: types[type], ...(await this.#store(packed)) }
    if (isOwn) this.#compressed.keep(blob.diffId, form, descriptor)
    return { diffId: blob.diffId, descriptor }
  }

  async #remembered(
    diffId: Digest,
    form: { type: Compression['type']; level?: number },
  ): Promise<Descriptor | null> {
    const known = this.#compressed.find(diffId, form)
    if (!known) return null
    await this.#hold.use([known.digest])
    return (await this.#parts.content.has(known.digest)) ? known : null
  }

  async #store(stream: Readable): Promise<{ digest: Digest; size: number }> {
    try {
      await using writer = await this.#parts.content.writer()
      for await (const chunk of stream as AsyncIterable<Buffer>) await writer.write(chunk)
      return await this.#hold.commit(writer)
    } finally {
      stream.destroy()
    }
  }
}

/** Bytes at a time: each piece is a round trip to a thread of Node's pool. */
const chunkSize = 256 * 1024

/** The same bytes give the same bytes, with one version of Node.js. Destroying the result destroys the source. */
function compress(source: Readable, type: Compression['type'], level?: number): Readable {
  if (type === 'uncompressed') return source
  const output =
    type === 'gzip'
      ? createGzip({ chunkSize, ...(level !== undefined && { level }) })
      : createZstdCompress({
          chunkSize,
          params: { [constants.ZSTD_c_compressionLevel]: Math.max(level ?? 3, 1) },
        })
  // An error of either arrives at whoever reads the output, who may not have begun.
  output.on('error', () => {})
  pipeline(source, output, () => undefined)
  return output
}
