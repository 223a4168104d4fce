/** A few small files of a client's directory, in memory. */
import { posix } from 'node:path'
import { type FileSink, type FileStat, typeOf } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'

/** Bytes of a Dockerfile or an ignore file, and links to follow from one name to the next. */
const longestText = 4 << 20
const mostLinks = 10

export class TextFiles implements FileSink {
  readonly #files = new Map<string, Uint8Array[]>()
  readonly #links = new Map<string, string>()
  #size = 0

  entry({ path, mode, size, linkname }: FileStat): boolean {
    const type = typeOf(mode)
    if (type === 'symlink') this.#links.set(path, linkname)
    if (type !== 'file') return false
    if (size > longestText)
      throw new GantryError('InvalidParameter', `${path} is larger than ${longestText} bytes`)
    // Another name of one that has been told of has no content of its own.
    const named = linkname === '' ? undefined : this.#files.get(linkname)
    this.#files.set(path, named ?? [])
    return !named
  }

  data(path: string, data: Uint8Array): void {
    this.#size += data.length
    if (this.#size > 4 * longestText)
      throw new GantryError('InvalidParameter', 'more files than were asked for')
    this.#files.get(path)?.push(Buffer.from(data))
  }

  complete(): void {}

  /** The text of a file, whatever links lead to it; null when there is none. */
  text(name: string): string | null {
    let path = posix.join('/', name).slice(1)
    for (let hop = 0; hop < mostLinks; hop++) {
      const link = this.#links.get(path)
      if (link === undefined) break
      path = posix.join('/', posix.dirname(path), link).slice(1)
    }
    const pieces = this.#files.get(path)
    return pieces ? Buffer.concat(pieces).toString() : null
  }
}
