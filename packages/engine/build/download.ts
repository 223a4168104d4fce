/** ADD of URLs: a file in a directory of its own. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GantryError, messageOf } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import { requestFor } from './urls.ts'

/** What was downloaded. */
export interface Download {
  /** A directory with the file, which the caller removes. */
  root: string
  digest: Digest
}

/** Bytes of one download. */
const largest = 4 * 1024 ** 3

/**
 * Downloads to `directory/<name>/<file>` and resolves to where it is. Rejects with
 * InvalidParameter for an answer other than 200 and for content that is not what `checksum` (`sha256:…`) says.
 */
export async function download(
  directory: string,
  url: string,
  checksum: string | undefined,
  signal: AbortSignal,
): Promise<Download> {
  const root = join(directory, `download-${randomUUID()}`)
  await mkdir(root, { recursive: true, mode: 0o755 })
  try {
    const request = requestFor(url)
    const response = await fetch(request.url, { signal, headers: request.headers }).catch((error: Error) => {
      throw new GantryError(
        'Unavailable',
        `failed to download ${request.url}: ${messageOf(error.cause ?? error)}`,
      )
    })
    if (!response.ok || !response.body)
      throw new GantryError('InvalidParameter', `invalid response status ${response.status}`)
    const path = join(root, new URL(url).pathname.split('/').at(-1) || 'download')
    const digest = await save(Readable.fromWeb(response.body), path, signal)
    if (checksum !== undefined && checksum !== digest)
      throw new GantryError('InvalidParameter', `digest mismatch ${digest}: ${checksum}`)
    const modified = new Date(response.headers.get('last-modified') ?? 0)
    await utimes(path, modified, modified)
    return { root, digest }
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    throw error
  }
}

async function save(body: Readable, path: string, signal: AbortSignal): Promise<Digest> {
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
