/** Where a sparse file has data: lseek(2) with SEEK_DATA and SEEK_HOLE. */
import { bind, check, SystemCallError } from './libc.ts'

const lseek = bind('int64_t lseek(int fd, int64_t offset, int whence)')

const SEEK_SET = 0
const SEEK_DATA = 3
const SEEK_HOLE = 4

/**
 * The pieces of an open file's first `size` bytes that are not holes, in order; at most `most`, the last of which then
 * reaches to the end. A file system that knows no holes has one piece. Leaves the file's position at 0.
 */
export function dataPieces(fd: number, size: number, most: number): { offset: number; length: number }[] {
  const pieces: { offset: number; length: number }[] = []
  for (let at = 0; at < size; ) {
    const offset = seek(fd, at, SEEK_DATA)
    if (offset === null || offset >= size) break
    const end = pieces.length + 1 === most ? size : Math.min(seek(fd, offset, SEEK_HOLE) ?? size, size)
    pieces.push({ offset, length: end - offset })
    at = end
  }
  seek(fd, 0, SEEK_SET)
  return pieces
}

/** Null behind the last data. */
function seek(fd: number, offset: number, whence: number): number | null {
  try {
    return check('lseek', lseek(fd, offset, whence))
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENXIO') return null
    throw error
  }
}
