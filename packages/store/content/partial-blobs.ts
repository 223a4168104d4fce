/** Downloads that are not whole yet: `partial/<hex>`, kept for a while so that the next try goes on with them. */
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isKind } from '@gantry/errors'
import { type Digest, hexOf, parseDigest } from '@gantry/oci'
import type { PartialBlob } from '../contracts.ts'
import { DiskFullError } from '../intake/pool.ts'
import { type BlobFiles, unlinkIfThere } from './blob-files.ts'

/** Milliseconds without a new byte after which the beginning of a blob is given up. */
const longestAge = 24 * 3600 * 1000
const sweepInterval = 3600 * 1000

export class PartialBlobs {
  readonly #directory: string
  readonly #files: BlobFiles

  private constructor(directory: string, files: BlobFiles) {
    this.#directory = directory
    this.#files = files
  }

  /** Opens the directory, making it when it is new. What is too old goes, now and every hour. */
  static async open(directory: string, files: BlobFiles): Promise<PartialBlobs> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const partials = new PartialBlobs(directory, files)
    await partials.sweep(longestAge)
    setInterval(() => void partials.sweep(longestAge).catch(() => {}), sweepInterval).unref()
    return partials
  }

  of(digest: Digest): PartialBlob {
    const path = join(this.#directory, hexOf(parseDigest(digest)))
    const size = async () => (await stat(path).catch(() => null))?.size ?? 0
    return {
      path,
      size,
      publish: async () => this.#files.publish(path, { digest, size: await size() }),
      discard: () => unlinkIfThere(path),
    }
  }

  /** Removes what nobody has written to for `age` milliseconds. */
  async sweep(age: number): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name)
      const found = await stat(path).catch(() => null)
      if (found && Date.now() - found.mtimeMs > age) await unlinkIfThere(path)
    }
  }
}

/** Runs work that fills a partial blob. What it leaves stays for the next try, unless its bytes are wrong or too many. */
export async function keepingPartial<T>(partial: PartialBlob, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DiskFullError || isKind(error, 'InvalidParameter')) await partial.discard()
    throw error
  }
}
