/** Listings of what digests were made of: those of steps that ran are kept, so that the next run can say what has changed. */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileDifferences } from '@gantry/build'
import { type Digest, hexOf } from '@gantry/oci'
import type { FileThreads } from './file-threads.ts'

/** Listings in memory, of steps that are not through. */
const mostRecent = 16
/** Files, and how far they may grow beyond that before they are looked through. */
const mostKept = 200
const slack = 20

export class Listings {
  readonly #directory: string
  readonly #threads: Pick<FileThreads, 'run'>
  readonly #recent = new Map<Digest, Buffer>()

  /** `directory` is of its own. */
  constructor(directory: string, threads: Pick<FileThreads, 'run'>) {
    this.#directory = directory
    this.#threads = threads
  }

  /** Takes the listing of a digest that has just been made. */
  note(digest: Digest, listing: Buffer): void {
    this.#recent.delete(digest)
    if (listing.length > 0) this.#recent.set(digest, listing)
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= mostRecent) break
      this.#recent.delete(oldest)
    }
  }

  /** Keeps the listing of a digest on disk, as long as there are not too many younger ones. */
  async keep(digest: Digest): Promise<void> {
    const listing = this.#recent.get(digest)
    if (!listing) return
    const path = join(this.#directory, hexOf(digest))
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const unfinished = `${path}.${crypto.randomUUID()}`
    await writeFile(unfinished, listing, { mode: 0o600 })
    await rename(unfinished, path)
    await this.#prune()
  }

  /** Null when one of them is not known any more. */
  async differences(before: Digest, now: Digest): Promise<FileDifferences | null> {
    const [old, given] = [await this.#read(before), await this.#read(now)]
    if (!old || !given) return null
    return JSON.parse(await this.#threads.run({ kind: 'compare', before: old, now: given }))
  }

  async #read(digest: Digest): Promise<Buffer | null> {
    const path = join(this.#directory, hexOf(digest))
    const recent = this.#recent.get(digest)
    if (recent) return recent
    const kept = await readFile(path).catch(() => null)
    if (kept) await utimes(path, new Date(), new Date()).catch(() => undefined)
    return kept
  }

  async #prune(): Promise<void> {
    const names = await readdir(this.#directory)
    if (names.length <= mostKept + slack) return
    const aged = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#directory, name)
        return { path, time: (await stat(path).catch(() => null))?.mtimeMs ?? 0 }
      }),
    )
    const old = aged.sort((a, b) => b.time - a.time).slice(mostKept)
    for (const { path } of old) await rm(path, { force: true })
  }
}
