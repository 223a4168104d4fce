/** `POST /images/create?fromSrc=-`: an image of one layer from a root file system's archive. */
import type { Readable } from 'node:stream'
import { GantryError, isKind } from '@gantry/errors'
import { type Digest, decompress, type ImageConfigFile, mediaTypes, parsePlatform } from '@gantry/oci'
import type { BlobInfo } from '@gantry/store'
import type { ImageImportOptions } from '../contracts.ts'
import { applyChanges } from './changes.ts'
import { announce, type ImageParts } from './dependencies.ts'
import type { Hold } from './retention.ts'
import { storeImage } from './store-image.ts'
import { nameImage, parseTarget } from './tag.ts'

/** Resolves to the new image's id. What the request says is checked before its body is read. */
export async function importImage(
  parts: ImageParts,
  rootfs: Readable,
  options: ImageImportOptions,
): Promise<Digest> {
  const target = options.repo ? parseTarget(options.repo, options.tag) : undefined
  const platform = options.platform ? parsePlatform(options.platform, parts.host) : parts.host
  const config = applyChanges({}, options.changes ?? [])
  const comment = options.message || 'Imported from -'
  await using hold = parts.retention.begin()
  const layer = await storeLayer(parts, hold, rootfs, options.signal)
  const created = new Date().toISOString()
  const file: ImageConfigFile = {
    ...platform,
    created,
    comment,
    config,
    diffIds: [layer.digest],
    history: [{ created, comment }],
  }
  const id = await storeImage(parts, hold, file, [{ mediaType: mediaTypes.ociLayer, ...layer }])
  if (target) nameImage(parts, target, { image: id })
  announce(parts, 'import', id)
  return id
}

/** The layer is kept uncompressed: then one pass gives its digest and its diff id, which are the same. */
async function storeLayer(
  { content }: ImageParts,
  hold: Hold,
  rootfs: Readable,
  signal?: AbortSignal,
): Promise<BlobInfo> {
  const { stream } = await decompress(rootfs)
  try {
    await using writer = await content.writer()
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      await writer.write(chunk)
    }
    return await hold.commit(writer)
  } catch (cause) {
    if (isKind(cause) || !isCompressionError(cause)) throw cause
    throw new GantryError('InvalidParameter', `Error processing tar file: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    stream.destroy()
  }
}

function isCompressionError(error: unknown): boolean {
  return /^(Z_|ZSTD_)/.test(String((error as NodeJS.ErrnoException).code))
}
