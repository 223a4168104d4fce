/** The files behind the content store: where a blob lies, and how a file becomes one. */
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, hexOf, isDigest, parseDigest } from '@gantry/oci'
import type { BlobInfo } from '../contracts.ts'
import { currentBoot, Durability } from '../durability.ts'

export class BlobFiles {
  readonly #blobs: string
  /** A file for each blob that may not be on disk yet, with the boot in which it was written. */
  readonly #unsynced: string
  readonly #boot: string
  readonly #durability: Durability<Digest>

  private constructor(blobs: string, unsynced: string, boot: string) {
    this.#blobs = blobs
    this.#unsynced = unsynced
    this.#boot = boot
    this.#durability = new Durability(blobs, (digests) => this.#forget(digests))
  }

  /**
   * Opens the files below `directory`. `verify` tells whether a blob is whole: it is asked for those of which the disk may
   * have lost something when the machine went down, and what is not whole goes.
   */
  static async open(
    directory: string,
    verify: (path: string, digest: Digest) => Promise<boolean>,
  ): Promise<BlobFiles> {
    const blobs = join(directory, 'blobs', 'sha256')
    const unsynced = join(directory, 'unsynced')
    await mkdir(blobs, { recursive: true, mode: 0o700 })
    await mkdir(unsynced, { recursive: true, mode: 0o700 })
    const files = new BlobFiles(blobs, unsynced, await currentBoot())
    for (const digest of digestsIn(await readdir(unsynced))) await files.#settle(digest, verify)
    return files
  }

  async #settle(digest: Digest, verify: (path: string, digest: Digest) => Promise<boolean>): Promise<void> {
    const boot = await readFile(this.#marker(digest), 'utf8').catch(() => '')
    if (boot !== this.#boot && !(await verify(this.path(digest), digest))) await this.remove(digest)
    else this.#durability.changed(digest)
  }

  /** Where a blob is. Digests arrive typed, but also from records and requests: each is checked before it is a path. */
  path(digest: Digest): string {
    return join(this.#blobs, hexOf(parseDigest(digest)))
  }

  /** Makes a blob of a file, which is known to be what the digest names. A blob that is there is left as it is. */
  async publish(file: string, { digest, size }: BlobInfo): Promise<void> {
    const target = this.path(digest)
    const isThere = await stat(target).then(
      (found) => found.size === size,
      () => false,
    )
    if (isThere) return await unlink(file)
    await writeFile(this.#marker(digest), this.#boot, { mode: 0o600 })
    await rename(file, target)
    this.#durability.changed(digest)
  }

  async remove(digest: Digest): Promise<void> {
    await unlinkIfThere(this.path(digest))
    await unlinkIfThere(this.#marker(digest))
  }

  async list(): Promise<Digest[]> {
    return digestsIn(await readdir(this.#blobs))
  }

  #marker(digest: Digest): string {
    return join(this.#unsynced, hexOf(parseDigest(digest)))
  }

  async #forget(digests: Digest[]): Promise<void> {
    for (const digest of digests) await unlinkIfThere(this.#marker(digest))
  }
}

const digestsIn = (names: string[]): Digest[] =>
  names.map((name) => `sha256:${name}`).filter((name) => isDigest(name))

/** unlink(2), content with there being nothing. */
export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
