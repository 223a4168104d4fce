/** The write-ahead log of an SQLite database ("Write-Ahead Log File Format"): pages that are not in the database yet. */
import { type Bytes, DamagedDatabase } from './bytes.ts'

const [bigEndianSums, littleEndianSums] = [0x377f0683, 0x377f0682]
const [headerSize, frameHeaderSize] = [32, 24]

/**
 * Where in the log the latest page of each number begins. Only what was committed counts: what follows the last commit, or does
 * not have the right sums, is left from earlier use. Throws DamagedDatabase for a log of another database.
 */
export function latestPages(log: Bytes, pageSize: number): Map<number, number> {
  const latest = new Map<number, number>()
  if (log.size < headerSize) return latest
  const header = log.read(0, headerSize)
  const magic = header.readUInt32BE(0)
  if (magic !== bigEndianSums && magic !== littleEndianSums) return latest
  const sums = new Sums(magic === bigEndianSums)
  sums.add(header.subarray(0, 24))
  if (!sums.equal(header, 24)) return latest
  if (header.readUInt32BE(8) !== pageSize)
    throw new DamagedDatabase('its write-ahead log has pages of another size')
  const pending = new Map<number, number>()
  const frameSize = frameHeaderSize + pageSize
  for (let at = headerSize; at + frameSize <= log.size; at += frameSize) {
    const frame = log.read(at, frameSize)
    sums.add(frame.subarray(0, 8))
    sums.add(frame.subarray(frameHeaderSize))
    const isCurrent = frame.subarray(8, 16).equals(header.subarray(16, 24))
    if (!isCurrent || !sums.equal(frame, 16)) break
    pending.set(frame.readUInt32BE(0), at + frameHeaderSize)
    // The last frame of a transaction has the size of the database.
    if (frame.readUInt32BE(4) === 0) continue
    for (const [number, place] of pending) latest.set(number, place)
    pending.clear()
  }
  return latest
}

/** "Checksum Algorithm": each frame's go on from those of the frame before. */
class Sums {
  readonly #isBigEndian: boolean
  #first = 0
  #second = 0

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian
  }

  add(bytes: Buffer): void {
    const word = (at: number): number => (this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))
    for (let at = 0; at < bytes.length; at += 8) {
      this.#first = (this.#first + word(at) + this.#second) >>> 0
      this.#second = (this.#second + word(at + 4) + this.#first) >>> 0
    }
  }

  equal(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.#first && bytes.readUInt32BE(at + 4) === this.#second
  }
}
