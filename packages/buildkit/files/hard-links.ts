/** Names of one file in a tree that is sent: the first that is told has the content, the others are links to it, as fsutil tells them. */
import type { FileStat } from './packet.ts'

export class HardLinks {
  readonly #first = new Map<string, string>()

  /** `file` is what all names of the same file have in common; null for what has no other name. */
  told(stat: FileStat, file: string | null): FileStat {
    if (file === null) return stat
    const first = this.#first.get(file)
    if (first !== undefined) return { ...stat, size: 0, linkname: first }
    this.#first.set(file, stat.path)
    return stat
  }
}
