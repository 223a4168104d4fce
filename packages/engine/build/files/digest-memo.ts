/** Digests of files that have not changed since they were read, kept beside a tree that only the daemon writes. */
import { type BigIntStats, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Lines that a later build may want. */
const mostUnused = 10_000

/** One line a file: `inode size mtime ctime digest`, times in nanoseconds. */
export class DigestMemo {
  readonly #path: string | undefined
  /** By everything that changes with the content. */
  readonly #digests = new Map<string, string>()
  readonly #used = new Set<string>()
  #hasNew = false

  /** Without a path nothing is remembered. */
  constructor(path: string | undefined) {
    this.#path = path
    if (path === undefined) return
    for (const line of read(path).split('\n')) {
      const end = line.lastIndexOf(' ')
      if (end > 0) this.#digests.set(line.slice(0, end), line.slice(end + 1))
    }
  }

  /** The digest of a file, which `compute` makes when it is not known. */
  digest({ ino, size, mtimeNs, ctimeNs }: BigIntStats, compute: () => string): string {
    if (this.#path === undefined) return compute()
    const key = `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    this.#used.add(key)
    const known = this.#digests.get(key)
    if (known !== undefined) return known
    const digest = compute()
    this.#digests.set(key, digest)
    this.#hasNew = true
    return digest
  }

  save(): void {
    if (this.#path === undefined || !this.#hasNew) return
    // Files that are gone or have changed leave their lines behind, until those are too many.
    const isCrowded = this.#digests.size > 2 * this.#used.size + mostUnused
    const kept = [...this.#digests].filter(([key]) => !isCrowded || this.#used.has(key))
    const text = kept.map(([key, digest]) => `${key} ${digest}\n`).join('')
    // Several threads may be at it: each writes a file of its own.
    const unfinished = `${this.#path}.${crypto.randomUUID()}`
    writeFileSync(unfinished, text, { mode: 0o600 })
    renameSync(unfinished, this.#path)
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
