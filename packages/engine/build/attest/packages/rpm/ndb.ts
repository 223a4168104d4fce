/**
 * rpm's own database of packages, `Packages.db` (the ndb format, which SUSE uses): a header, pages of slots that say where
 * the blobs are, and the blobs, each with a head of its own. Numbers have the low byte first.
 */
import { type Bytes, DamagedDatabase, largestHeader } from './bytes.ts'

const marks = { file: 'RpmP', slot: 'Slot', blob: 'BlbS' }
const pageSize = 4096
const slotSize = 16
/** The file's own header takes the place of slots. */
const headerSize = 32
/** What places are counted in. */
const blockSize = 16

/** Each package's header. Throws DamagedDatabase. */
export function* ndbHeaders(file: Bytes): Generator<Buffer> {
  const head = file.read(0, headerSize)
  if (head.toString('latin1', 0, 4) !== marks.file) throw new DamagedDatabase('it is no database of rpm')
  if (head.readUInt32LE(4) !== 0) throw new DamagedDatabase('it is of a version that is not known')
  const pages = head.readUInt32LE(12)
  for (let page = 0; page < pages; page++) {
    const slots = file.read(page * pageSize, pageSize)
    for (let at = page === 0 ? headerSize : 0; at < pageSize; at += slotSize) {
      if (slots.toString('latin1', at, at + 4) !== marks.slot) throw new DamagedDatabase('a slot has no mark')
      const [index, block, blocks] = [
        slots.readUInt32LE(at + 4),
        slots.readUInt32LE(at + 8),
        slots.readUInt32LE(at + 12),
      ]
      // A slot that is free says nothing.
      if (index > 0 && block > 0) yield blobAt(file, index, block, blocks)
    }
  }
}

function blobAt(file: Bytes, index: number, block: number, blocks: number): Buffer {
  const head = file.read(block * blockSize, blockSize)
  if (head.toString('latin1', 0, 4) !== marks.blob || head.readUInt32LE(4) !== index)
    throw new DamagedDatabase('a package is not where its slot says')
  const length = head.readUInt32LE(12)
  if (length > largestHeader || length > (blocks - 1) * blockSize)
    throw new DamagedDatabase('a package is larger than its place')
  return file.read((block + 1) * blockSize, length)
}
