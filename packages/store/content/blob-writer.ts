import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import { type Digest, hexOf } from '@gantry/oci'
import type { BlobInfo, BlobWriter } from '../contracts.ts'

/** An upload: a temporary file that becomes `blobs/sha256/<hex>` by one rename, after its bytes are on disk. */
export class FileBlobWriter implements BlobWriter {
  readonly #file: FileHandle
  readonly #path: string
  readonly #blobs: string
  readonly #hash = createHash('sha256')
  #size = 0
  #open = true

  constructor(file: FileHandle, path: string, blobs: string) {
    this.#file = file
    this.#path = path
    this.#blobs = blobs
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    for (let at = 0; at < chunk.length; ) {
      at += (await this.#file.write(chunk, at, chunk.length - at)).bytesWritten
    }
    this.#size += chunk.length
  }

  async commit(expected: { digest?: Digest; size?: number } = {}): Promise<BlobInfo> {
    const info: BlobInfo = { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size }
    const wrongSize = expected.size !== undefined && expected.size !== info.size
    if (wrongSize || (expected.digest !== undefined && expected.digest !== info.digest)) {
      await this[Symbol.asyncDispose]()
      throw new GantryError(
        'InvalidParameter',
        wrongSize
          ? `content is ${info.size} bytes where ${expected.size} were announced`
          : `content is ${info.digest} where ${expected.digest} was announced`,
      )
    }
    await this.#publish(join(this.#blobs, hexOf(info.digest)))
    return info
  }

  async #publish(target: string): Promise<void> {
    const isThere = await stat(target).then(
      ({ size }) => size === this.#size,
      () => false,
    )
    if (isThere) return await this[Symbol.asyncDispose]()
    await this.#file.datasync()
    await this.#close()
    await rename(this.#path, target)
    await syncDirectory(this.#blobs)
  }

  async #close(): Promise<void> {
    this.#open = false
    await this.#file.close()
  }

  /** Removes what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    await this.#close()
    await unlink(this.#path)
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
