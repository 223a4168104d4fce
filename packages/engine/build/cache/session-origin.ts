/** A build cache in a directory of the client: its blobs are asked for in the session. Loaded for the first such cache. */
import { type CallerSession, type FileSink, type FileStat, typeOf } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import { type Descriptor, type Digest, digestOf, hexOf, largestManifest } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
import type { CacheOrigin } from './origin.ts'

/** Gives `take` the bytes of a blob, at most `limit`, not verified. Rejects with NotFound. */
export type ReceiveBlob = (
  digest: Digest,
  limit: number,
  take: (data: Uint8Array) => void | Promise<void>,
) => Promise<void>

/** From an image layout's blobs, in a directory that the client lends for the build. */
export function inDirectory(
  session: Pick<CallerSession, 'receiveFiles'>,
  directory: string,
  signal: AbortSignal,
): ReceiveBlob {
  return async (digest, limit, take) => {
    const path = `sha256/${hexOf(digest)}`
    const sink = new OneFile(path, limit, take)
    await session.receiveFiles({ directory, follow: [path] }, sink, signal)
    if (!sink.isWhole) throw new GantryError('NotFound', `the build cache has no blob ${digest}`)
  }
}

/** From a content store in the client's session. */
export function inStore(
  session: Pick<CallerSession, 'readBlob'>,
  store: string,
  signal: AbortSignal,
): ReceiveBlob {
  return async (digest, limit, take) => {
    let left = limit
    for await (const data of session.readBlob({ store, digest }, signal)) {
      left -= data.length
      if (left < 0)
        throw new GantryError('InvalidParameter', `invalid build cache: ${digest} is larger than it may be`)
      await take(data)
    }
  }
}

/** A build cache in the client's hands. */
export class SessionOrigin implements CacheOrigin {
  readonly #receive: ReceiveBlob
  readonly #top: Digest
  readonly #content: ImageParts['content']
  readonly #hold: Hold

  constructor(receive: ReceiveBlob, top: Digest, content: ImageParts['content'], hold: Hold) {
    this.#receive = receive
    this.#top = top
    this.#content = content
    this.#hold = hold
  }

  async manifest(digest = this.#top): Promise<{ bytes: Buffer }> {
    const bytes = await this.#small(digest, largestManifest)
    if (digestOf(bytes) !== digest)
      throw new GantryError('InvalidParameter', `invalid build cache: ${digest} is not what its digest says`)
    return { bytes }
  }

  read({ digest, size }: Descriptor): Promise<Buffer> {
    return this.#small(digest, size)
  }

  async bring({ digest, size }: Descriptor): Promise<void> {
    if (await this.#content.has(digest)) return
    await using writer = await this.#content.writer()
    await this.#receive(digest, size, (data) => writer.write(data))
    await this.#hold.commit(writer, { digest, size })
  }

  async #small(digest: Digest, limit: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    await this.#receive(digest, limit, (data) => void pieces.push(Buffer.from(data)))
    return Buffer.concat(pieces)
  }
}

/** Takes one file of what a client tells of, if it is no larger than it may be. */
class OneFile implements FileSink {
  isWhole = false
  readonly #path: string
  readonly #limit: number
  readonly #take: (data: Uint8Array) => void | Promise<void>

  constructor(path: string, limit: number, take: (data: Uint8Array) => void | Promise<void>) {
    this.#path = path
    this.#limit = limit
    this.#take = take
  }

  entry({ path, mode, size }: FileStat): boolean {
    if (path !== this.#path || typeOf(mode) !== 'file') return false
    if (size > this.#limit)
      throw new GantryError('InvalidParameter', `invalid build cache: ${path} is larger than it may be`)
    return true
  }

  data(_path: string, data: Uint8Array): void | Promise<void> {
    return this.#take(data)
  }

  complete(): void {
    this.isWhole = true
  }
}
