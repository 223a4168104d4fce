import { createHash } from 'node:crypto'
import { type FileHandle, unlink } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import type { BlobInfo, BlobWriter } from '../contracts.ts'

/** An upload: a temporary file that becomes a blob by one rename. */
export class FileBlobWriter implements BlobWriter {
  readonly #file: FileHandle
  readonly #path: string
  readonly #publish: (path: string, info: BlobInfo) => Promise<void>
  readonly #hash = createHash('sha256')
  #size = 0
  #open = true

  /** `publish` moves the file to its place, or removes it when the blob is there. */
  constructor(file: FileHandle, path: string, publish: (path: string, info: BlobInfo) => Promise<void>) {
    this.#file = file
    this.#path = path
    this.#publish = publish
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
    await this.#close()
    await this.#publish(this.#path, info)
    return info
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
