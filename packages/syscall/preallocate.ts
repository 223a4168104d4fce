/** Room for a file that is yet to grow: fallocate(2). */
import { bind, check } from './libc.ts'

const fallocate = bind('int fallocate(int fd, int mode, int64_t offset, int64_t length)')

const FALLOC_FL_KEEP_SIZE = 1

/**
 * Gives the first `bytes` of an open file their blocks, so that writing there cannot fail for want of space. Its size and
 * what it holds stay. Throws SystemCallError: ENOSPC, or EOPNOTSUPP where the file system cannot do this.
 */
export function preallocate(fd: number, bytes: number): void {
  check('fallocate', fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes))
}
