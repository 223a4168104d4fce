/** ADD of URLs, and contexts behind one: a file in a directory of its own, over the proxies and certificates of registries. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GantryError, messageOf } from '@gantry/errors'
import { type Digest, type DownloadedFile, type Registries, RegistryError } from '@gantry/oci'

/** What was downloaded. */
export interface Download {
  /** A directory with the file, which the caller removes. */
  root: string
  digest: Digest
}

/** Bytes of one download, unless more or less is said. */
const largestDownload = 4 * 1024 ** 3

export interface DownloadRequest {
  registries: Pick<Registries, 'download'>
  /** Where the download gets a directory. */
  directory: string
  /** User and password in it are for its own origin. */
  url: string
  /** `sha256:…`, when it is known what must come. */
  checksum?: string | undefined
  /** Bytes that it may have. */
  largest?: number
  signal: AbortSignal
}

/**
 * Downloads to `directory/<name>/<file>` and resolves to where it is. Rejects with InvalidParameter for an answer that is
 * an error and for content that is not what `checksum` says, with Unavailable when there is no answer.
 */
export async function download({
  registries,
  directory,
  url,
  checksum,
  largest = largestDownload,
  signal,
}: DownloadRequest): Promise<Download> {
  const address = URL.parse(url)
  if (!address) throw new GantryError('InvalidParameter', `parse ${JSON.stringify(url)}: invalid URL`)
  const root = join(directory, `download-${randomUUID()}`)
  await mkdir(root, { recursive: true, mode: 0o755 })
  try {
    const { body, modified = new Date(0) } = await begin(registries, address, signal)
    const path = join(root, address.pathname.split('/').at(-1) || 'download')
    const digest = await save(body, path, largest, signal)
    if (checksum !== undefined && checksum !== digest)
      throw new GantryError('InvalidParameter', `digest mismatch ${digest}: ${checksum}`)
    await utimes(path, modified, modified)
    return { root, digest }
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    throw error
  }
}

/** What the server says is about the address that the user gave; that nobody answers is not. */
async function begin(
  registries: Pick<Registries, 'download'>,
  address: URL,
  signal: AbortSignal,
): Promise<DownloadedFile> {
  try {
    return await registries.download(address, { signal })
  } catch (cause) {
    signal.throwIfAborted()
    const kind = cause instanceof RegistryError ? 'Unavailable' : 'InvalidParameter'
    throw new GantryError(kind, messageOf(cause), { cause })
  }
}

async function save(
  body: AsyncIterable<Buffer>,
  path: string,
  largest: number,
  signal: AbortSignal,
): Promise<Digest> {
  const hash = createHash('sha256')
  let size = 0
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size > largest)
        throw new GantryError('InvalidParameter', `the download is larger than ${largest} bytes`)
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(body, counted, createWriteStream(path, { mode: 0o600 }), { signal })
  return `sha256:${hash.digest('hex')}`
}
