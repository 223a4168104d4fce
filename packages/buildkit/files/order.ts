/** The order and the names in which a tree is told. */
import { GantryError } from '@gantry/errors'

/** Bytes of a path, as the kernel has it. */
const longestPath = 4096
const longestName = 255

/** Paths in the order of a walk: what is in a directory right behind it, names by their bytes. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === a.length) return -1
  if (at === b.length) return 1
  if (a[at] === '/') return -1
  if (b[at] === '/') return 1
  const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)]
  // Bytes and UTF-16 agree below the surrogates.
  if (one < 0xd800 && other < 0xd800) return one - other
  return Buffer.compare(Buffer.from(a.slice(at)), Buffer.from(b.slice(at)))
}

/** Accepts the paths of a tree one by one; throws InvalidParameter for one that is out of order or no path of a tree. */
export class PathOrder {
  #last = ''
  /** The directories that the last path is in. */
  #parents: string[] = ['']

  accept(path: string, isDirectory: boolean): void {
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? '' : path.slice(0, slash)
    const name = path.slice(slash + 1)
    if (!isName(name) || Buffer.byteLength(path) >= longestPath)
      throw new GantryError(
        'InvalidParameter',
        `invalid path in the context: ${JSON.stringify(path.slice(0, 200))}`,
      )
    if (this.#last !== '' && comparePaths(this.#last, path) >= 0)
      throw new GantryError('InvalidParameter', `files out of order: ${this.#last}, then ${path}`)
    while (this.#parents.at(-1) !== parent) {
      this.#parents.pop()
      if (this.#parents.length === 0)
        throw new GantryError('InvalidParameter', `${path} comes without its directory`)
    }
    if (isDirectory) this.#parents.push(path)
    this.#last = path
  }
}

const isName = (name: string): boolean =>
  name !== '' &&
  name !== '.' &&
  name !== '..' &&
  !name.includes('\0') &&
  Buffer.byteLength(name) <= longestName
