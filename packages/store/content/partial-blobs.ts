/**
 * Downloads that are not whole yet: `partial/<hex>`, kept for a while so that the next try goes on with them. Those that are
 * whole, but of which it is not known yet whether what they were for comes to its end, have an empty file `downloaded/<hex>`.
 */
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isKind } from '@gantry/errors'
import { type Digest, hexOf, isDigest, parseDigest } from '@gantry/oci'
import type { PartialBlob } from '../contracts.ts'
import { isDiskFull } from '../intake/pool.ts'
import { type BlobFiles, unlinkIfThere } from './blob-files.ts'

/** Milliseconds without a new byte after which the beginning of a blob is given up. */
const longestAge = 24 * 3600 * 1000
const sweepInterval = 3600 * 1000

export class PartialBlobs {
  readonly #directory: string
  readonly #downloaded: string
  readonly #files: BlobFiles

  private constructor(directory: string, downloaded: string, files: BlobFiles) {
    this.#directory = directory
    this.#downloaded = downloaded
    this.#files = files
  }

  /** Opens the directories below `content`, making them when they are new. What is too old goes, now and every hour. */
  static async open(content: string, files: BlobFiles): Promise<PartialBlobs> {
    const [directory, downloaded] = [join(content, 'partial'), join(content, 'downloaded')]
    for (const each of [directory, downloaded]) await mkdir(each, { recursive: true, mode: 0o700 })
    const partials = new PartialBlobs(directory, downloaded, files)
    await partials.sweep(longestAge)
    setInterval(() => void partials.sweep(longestAge).catch(() => {}), sweepInterval).unref()
    return partials
  }

  of(digest: Digest): PartialBlob {
    const path = this.#path(digest)
    const size = async () => (await stat(path).catch(() => null))?.size ?? 0
    return {
      path,
      size,
      publish: async () => {
        await this.#files.publish(path, { digest, size: await size() })
        // Without it the next try has more to fetch, that is all.
        await writeFile(this.#marker(digest), '', { mode: 0o600 }).catch(() => {})
      },
      discard: async () => {
        await unlinkIfThere(path)
        await unlinkIfThere(this.#marker(digest))
      },
    }
  }

  /** See ContentStore.release. */
  async release(digest: Digest): Promise<void> {
    if (await isThere(this.#marker(digest))) {
      await rename(this.#files.path(digest), this.#path(digest)).catch(() => {})
      await unlinkIfThere(this.#marker(digest))
    }
    await this.#files.remove(digest)
  }

  /** See ContentStore.settle. */
  async settle(needed: ReadonlySet<Digest>): Promise<void> {
    for (const name of await readdir(this.#downloaded)) {
      const digest = `sha256:${name}`
      const isOpen = isDigest(digest) && !needed.has(digest) && (await isThere(this.#files.path(digest)))
      if (!isOpen) await unlinkIfThere(join(this.#downloaded, name))
    }
  }

  #path(digest: Digest): string {
    return join(this.#directory, hexOf(parseDigest(digest)))
  }

  #marker(digest: Digest): string {
    return join(this.#downloaded, hexOf(parseDigest(digest)))
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

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Runs work that fills a partial blob. What it leaves stays for the next try, unless its bytes are wrong or too many. */
export async function keepingPartial<T>(partial: PartialBlob, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isOfNoUse = isDiskFull(error) || isKind(error, 'InvalidParameter') || (await partial.size()) === 0
    if (isOfNoUse) await partial.discard()
    throw error
  }
}
