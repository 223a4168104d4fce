/** A database file, which comes from an image and may be damaged or hostile: what is read of it is bounded. */
import { fstatSync, readSync } from 'node:fs'

/** The file is not what its own numbers say, or more than is read. The message says what is wrong with "it". */
export class DamagedDatabase extends Error {}

/** Bytes of a database. */
const largestFile = 512 * 1024 * 1024
/** Bytes of the header of one package, as rpm itself bounds it. */
export const largestHeader = 64 * 1024 * 1024

/** A file that is read at any offset. */
export interface Bytes {
  readonly size: number
  /** Exactly so many. Throws DamagedDatabase where they are not there, and once far more was read than there is. */
  read(offset: number, length: number): Buffer
}

/** Throws DamagedDatabase for a file that is too large. The descriptor stays the caller's. */
export function fileBytes(file: number): Bytes {
  const { size } = fstatSync(file)
  if (size > largestFile) throw new DamagedDatabase(`it is larger than ${largestFile} bytes`)
  // No format needs a byte of it twice, but for pages that are looked at before they are read.
  let left = 2 * size + 65_536
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length)
      left -= length
      if (left < 0) throw new DamagedDatabase('it leads to the same place again and again')
      const bytes = Buffer.allocUnsafe(length)
      for (let done = 0; done < length; ) {
        const count = readSync(file, bytes, done, length - done, offset + done)
        if (count === 0) throw new DamagedDatabase('it ends too early')
        done += count
      }
      return bytes
    },
  }
}

/** Throws DamagedDatabase unless `length` bytes at `offset` are among `size`. */
export function checkRange(size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size))
    throw new DamagedDatabase('a pointer leads out of it')
}
