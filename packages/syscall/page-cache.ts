/** What the kernel keeps of files in memory: mmap(2), mincore(2), madvise(2), posix_fadvise(2). */
import { open } from 'node:fs/promises'
import { bind, bindAsync, check } from './libc.ts'

const mmap = bind(
  'uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
)
const munmap = bind('int munmap(uintptr_t address, size_t length)')
const mincore = bind('int mincore(uintptr_t address, size_t length, _Out_ uint8_t *pages)')
const advise = 'int madvise(uintptr_t address, size_t length, int advice)'
const madvise = bind(advise)
const madviseAsync = bindAsync(advise)
const posixFadvise = bind('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)')

const sysconf = bind('long sysconf(int name)')

const SC_PAGESIZE = 30
const PROT_READ = 1
const MAP_SHARED = 1
const MADV_DONTNEED = 4
const MADV_HUGEPAGE = 14
const MADV_POPULATE_READ = 22
const POSIX_FADV_DONTNEED = 4
/** What mmap returns for an error is the highest address there is. */
const highestAddress = 2 ** 56
/** Bytes that are mapped at a time, and counted as this process's memory. */
const piece = 8 << 20

/**
 * Brings a file into the page cache, in pieces of a huge page where its file system can: a program that is kept so starts
 * with fewer page faults. A file that is there as a whole stays as it is. Rejects with SystemCallError, also where the
 * kernel knows of no such thing (before Linux 5.14).
 */
export async function cacheInHugePages(path: string): Promise<void> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size === 0) return
  const address = mmap(0, size, PROT_READ, MAP_SHARED, file.fd, 0)
  if (address > highestAddress) check('mmap', -1, path)
  try {
    if (isCached(address, size)) return
    // Pieces that are there already would stay as small as they are.
    posixFadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED)
    check('madvise', madvise(address, size, MADV_HUGEPAGE), path)
    for (let at = 0; at < size; at += piece) {
      const length = Math.min(piece, size - at)
      check('madvise', await madviseAsync(address + at, length, MADV_POPULATE_READ), path)
      madvise(address + at, length, MADV_DONTNEED)
    }
  } finally {
    munmap(address, size)
  }
}

function isCached(address: number, size: number): boolean {
  const pages = Buffer.alloc(Math.ceil(size / sysconf(SC_PAGESIZE)))
  check('mincore', mincore(address, size, pages))
  return pages.every((page) => (page & 1) === 1)
}
