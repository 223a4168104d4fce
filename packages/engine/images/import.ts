/** `POST /images/create?fromSrc=`: an image of one layer from a root file system's archive. */
import { GantryError, isKind } from '@gantry/errors'
import {
  type Digest,
  decompress,
  type ImageConfigFile,
  mediaTypes,
  parsePlatform,
  shownUrl,
} from '@gantry/oci'
import type { BlobInfo } from '@gantry/store'
import type { ImageImportOptions, ProgressMessage } from '../contracts.ts'
import { applyChanges } from './changes.ts'
import { announce, type ImageParts } from './dependencies.ts'
import type { Hold } from './retention.ts'
import { storeImage } from './store-image.ts'
import { nameImage, parseTarget } from './tag.ts'

/** A root file system to make an image of. */
export interface ImportSource {
  /** As the image's history names it. */
  name: string
  open(): Promise<AsyncIterable<Buffer>>
}

/** Resolves to the new image's id. What the request says is checked before its body is read. */
export async function importImage(
  parts: ImageParts,
  source: ImportSource,
  options: ImageImportOptions,
): Promise<Digest> {
  const target = options.repo
    ? parseTarget(options.repo, options.tag, 'cannot import digest reference')
    : undefined
  const platform = options.platform ? parsePlatform(options.platform, parts.host) : parts.host
  if (platform.os !== parts.host.os)
    throw new GantryError('InvalidParameter', 'operating system is not supported')
  const config = applyChanges({}, options.changes ?? [])
  const comment = options.message || `Imported from ${source.name}`
  await using hold = parts.retention.begin()
  const layer = await storeLayer(parts, hold, await source.open(), options.signal)
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

/** Bytes between two reports of a download, at most; as in Docker's engine. */
const reportStep = 512 * 1024

/** Imports what is behind a URL, `http://` understood. What is reported last is the new image's id. */
export async function importFromUrl(
  parts: ImageParts,
  address: string,
  options: ImageImportOptions,
  report: (message: ProgressMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const url = urlOf(address)
  const name = shownUrl(url)
  const open = async () => {
    const { body, size } = await parts.transfers.registries.download(url, { signal })
    report({ status: `Downloading from ${name}` })
    return reporting(body, size, report)
  }
  report({ status: await importImage(parts, { name, open }, { ...options, signal }) })
}

async function* reporting(
  body: AsyncIterable<Buffer>,
  size: number | undefined,
  report: (message: ProgressMessage) => void,
): AsyncGenerator<Buffer> {
  const step = Math.min(reportStep, (size ?? Infinity) / 100)
  let current = 0
  let told = 0
  const tell = () => {
    told = current
    report({ status: 'Importing', progressDetail: { current, ...(size !== undefined && { total: size }) } })
  }
  for await (const chunk of body) {
    yield chunk
    current += chunk.length
    if (current - told > step) tell()
  }
  if (current > told || current === 0) tell()
}

function urlOf(address: string): URL {
  const url = URL.parse(address.includes('://') ? address : `http://${address}`)
  if (!url) throw new GantryError('InvalidParameter', `parse ${JSON.stringify(address)}: invalid URL`)
  const scheme = url.protocol.slice(0, -1)
  if (scheme === 'http' || scheme === 'https') return url
  throw new GantryError(
    'System',
    `Get ${JSON.stringify(shownUrl(url))}: unsupported protocol scheme ${JSON.stringify(scheme)}`,
  )
}

/** The layer is kept uncompressed: then one pass gives its digest and its diff id, which are the same. */
async function storeLayer(
  { content }: ImageParts,
  hold: Hold,
  rootfs: AsyncIterable<Buffer>,
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
