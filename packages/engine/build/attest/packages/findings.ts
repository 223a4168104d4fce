/** What a scan has found so far. What comes from an image is bounded, and what is left out is told. */
import { GantryError } from '@gantry/errors'
import type { ImagePackage } from './package.ts'

/** More than any image has. */
const mostPackages = 200_000
/** Characters of all that is told of them. */
const mostText = 64 * 1024 * 1024
const mostGaps = 100

export class Findings {
  readonly packages: ImagePackage[] = []
  /** Why packages may be missing, in a sentence each. */
  readonly gaps: string[] = []
  #text = 0

  /** Throws InvalidParameter once there is more than any image has. */
  add(found: ImagePackage): void {
    for (const value of Object.values(found)) this.#text += value.length
    if (this.packages.length >= mostPackages || this.#text > mostText)
      throw new GantryError('InvalidParameter', 'the image has more packages than can be listed')
    this.packages.push(copyOf(found))
  }

  /** A file, by its path from the root, was not read, or not all of it. */
  leaveOut(path: string, why: string): void {
    const gap = `/${path} was not read: ${why}`
    if (this.gaps.length < mostGaps) this.gaps.push(gap)
  }
}

/** Parts of a text keep all of it in memory: of each, a text of its own. */
function copyOf<T extends object>(found: T): T {
  const own = Object.entries(found).map(([name, value]) => [name, Buffer.from(String(value)).toString()])
  return Object.fromEntries(own) as T
}
