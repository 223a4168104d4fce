/** Headers of rpm packages, as its databases hold them: a table of tags, and their data (rpm's manual, "Header format"). */
import type { ImagePackage } from '../package.ts'
import { checkRange, DamagedDatabase } from './bytes.ts'

/** More than rpm itself takes. */
const mostEntries = 0xffff
/** Bytes of a name, a version, a licence … */
const longestText = 4096

const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  architecture: 1022,
  source: 1044,
} as const

const int32 = 4
/** STRING and I18NSTRING, whose first text is that of the C locale. */
const textTypes = new Set([6, 9])

/** Null for a header without a name or a version. Throws DamagedDatabase. */
export function rpmPackage(bytes: Buffer, foundIn: string): ImagePackage | null {
  const header = new Header(bytes)
  const [name, version, release] = [tags.name, tags.version, tags.release].map((tag) => header.text(tag))
  if (!name || !version) return null
  const epoch = header.number(tags.epoch)
  const optional = {
    architecture: header.text(tags.architecture),
    source: header.text(tags.source),
    license: header.text(tags.license),
    supplier: header.text(tags.vendor),
    epoch: epoch === null ? '' : String(epoch),
  }
  return {
    type: 'rpm',
    name,
    version: release ? `${version}-${release}` : version,
    foundIn,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== '')),
  }
}

class Header {
  readonly #data: Buffer
  readonly #entries = new Map<number, { type: number; offset: number }>()

  constructor(bytes: Buffer) {
    checkRange(bytes.length, 0, 8)
    const [count, size] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
    if (count > mostEntries) throw new DamagedDatabase('a header has too many entries')
    checkRange(bytes.length, 8, 16 * count + size)
    this.#data = bytes.subarray(8 + 16 * count, 8 + 16 * count + size)
    for (let at = 8; at < 8 + 16 * count; at += 16) {
      const tag = bytes.readUInt32BE(at)
      if (this.#entries.has(tag)) continue
      this.#entries.set(tag, { type: bytes.readUInt32BE(at + 4), offset: bytes.readUInt32BE(at + 8) })
    }
  }

  /** The first number of a tag. */
  number(tag: number): number | null {
    const entry = this.#entries.get(tag)
    if (entry?.type !== int32) return null
    checkRange(this.#data.length, entry.offset, 4)
    return this.#data.readUInt32BE(entry.offset)
  }

  /** The first text of a tag; empty when it has none. */
  text(tag: number): string {
    const entry = this.#entries.get(tag)
    if (!entry || !textTypes.has(entry.type)) return ''
    const rest = this.#data.subarray(entry.offset, entry.offset + longestText + 1)
    const end = rest.indexOf(0)
    if (end < 0) throw new DamagedDatabase('a text of a header has no end')
    return rest.toString('utf8', 0, end)
  }
}
