/**
 * `Packages` as a hash of Berkeley DB, which rpm wrote before version 4.16 (CentOS 7, RHEL 8): pages, on which keys and values
 * take turns; large values are on chains of pages of their own. Of the hash itself nothing is needed: each page is looked at.
 */
import { type Bytes, checkRange, DamagedDatabase, largestHeader } from './bytes.ts'

const hashMagic = 0x061561
/** Types of pages. */
const [hashUnsorted, overflow, hash] = [2, 7, 13]
/** Types of items. */
const [keyData, offPage] = [1, 3]
const pageHeader = 26

/** Each package's header. Throws DamagedDatabase. */
export function* berkeleyHeaders(file: Bytes): Generator<Buffer> {
  const pages = new Pages(file)
  for (let number = 1; number <= pages.last; number++) {
    const page = pages.page(number)
    if (page[25] !== hash && page[25] !== hashUnsorted) continue
    for (const value of valuesOf(page)) {
      const found = value[0] === offPage ? pages.chain(value) : value.subarray(1)
      // The value of the key zero is no package, but the number of the latest one.
      if (found.length > 4) yield found
    }
  }
}

/** The items at odd places: type and data. */
function* valuesOf(page: Buffer): Generator<Buffer> {
  const count = page.readUInt16LE(20)
  checkRange(page.length, pageHeader, 2 * count)
  for (let index = 1; index < count; index += 2) {
    const start = page.readUInt16LE(pageHeader + 2 * index)
    const end = page.readUInt16LE(pageHeader + 2 * (index - 1))
    checkRange(page.length, start, end - start)
    const item = page.subarray(start, end)
    if (item[0] !== keyData && item[0] !== offPage)
      throw new DamagedDatabase('a package is of a kind that rpm does not write')
    yield item
  }
}

class Pages {
  readonly #file: Bytes
  readonly #size: number
  readonly last: number
  readonly #chained = new Set<number>()

  constructor(file: Bytes) {
    this.#file = file
    const meta = file.read(0, 512)
    if (meta.readUInt32BE(12) === hashMagic)
      throw new DamagedDatabase('it was written on a machine of another byte order')
    if (meta.readUInt32LE(12) !== hashMagic) throw new DamagedDatabase('it is no hash of Berkeley DB')
    this.#size = meta.readUInt32LE(20)
    this.last = meta.readUInt32LE(32)
    const isPowerOfTwo = (this.#size & (this.#size - 1)) === 0
    if (this.#size < 512 || this.#size > 65_536 || !isPowerOfTwo)
      throw new DamagedDatabase('its pages have an impossible size')
    if (meta[24] !== 0) throw new DamagedDatabase('it is encrypted')
  }

  page(number: number): Buffer {
    return this.#file.read(number * this.#size, this.#size)
  }

  /** A value that is elsewhere: the number of its first page, and its length. */
  chain(item: Buffer): Buffer {
    checkRange(item.length, 0, 12)
    const length = item.readUInt32LE(8)
    if (length > largestHeader) throw new DamagedDatabase('a package is too large')
    const parts: Buffer[] = []
    let [number, left] = [item.readUInt32LE(4), length]
    while (left > 0) {
      if (this.#chained.has(number)) throw new DamagedDatabase('two packages share a page')
      this.#chained.add(number)
      const page = this.page(number)
      if (page[25] !== overflow) throw new DamagedDatabase('a package breaks off')
      const size = Math.min(left, page.readUInt16LE(22))
      checkRange(page.length, pageHeader, size)
      if (size === 0) throw new DamagedDatabase('a package breaks off')
      parts.push(page.subarray(pageHeader, pageHeader + size))
      left -= size
      number = page.readUInt32LE(16)
    }
    return Buffer.concat(parts)
  }
}
