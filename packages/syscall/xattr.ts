/**
 * Extended attributes (xattr(7)): by path, where a symbolic link at its end is not followed, and of an object that is
 * open, for which a descriptor that only names it (O_PATH) will do.
 */
import { bind, check, SystemCallError } from './libc.ts'

const lsetxattr = bind(
  'int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)',
)
const lgetxattr = bind(
  'long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)',
)
const setxattr = bind(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
)
const getxattr = bind('long getxattr(const char *path, const char *name, void *value, size_t size)')
const listxattr = bind('long listxattr(const char *path, void *list, size_t size)')

/** Linux's own limit for a value and for a list of names, in bytes. */
const largest = 65536

/** lsetxattr(2). Throws SystemCallError, e.g. ENOTSUP where the file system has no such attributes. */
export function setXattr(path: Buffer, name: string, value: Uint8Array): void {
  check('setxattr', lsetxattr(terminated(path), name, value, value.length, 0), name)
}

/** lgetxattr(2); null when there is no such attribute. */
export function getXattr(path: Buffer, name: string): Buffer | null {
  const value = Buffer.alloc(largest)
  try {
    return value.subarray(0, check('getxattr', lgetxattr(terminated(path), name, value, value.length), name))
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENODATA') return null
    throw error
  }
}

/** Sets an attribute of an open object. Throws SystemCallError. */
export function setXattrOf(fd: number, name: string, value: Uint8Array): void {
  check('setxattr', setxattr(`/proc/self/fd/${fd}`, name, value, value.length, 0), name)
}

let scratch: Buffer | undefined

/** What a file system answers that has no attributes, or guards these. */
const none = ['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'ENODATA']

/** The attributes of an open object whose names `wanted` takes. */
export function xattrsOf(fd: number, wanted: (name: string) => boolean): Map<string, Buffer> {
  const path = `/proc/self/fd/${fd}`
  scratch ??= Buffer.allocUnsafe(largest)
  const buffer = scratch
  const found = new Map<string, Buffer>()
  const read = (syscall: string, result: number): number => {
    try {
      return check(syscall, result)
    } catch (error) {
      if (error instanceof SystemCallError && none.includes(error.code)) return -1
      throw error
    }
  }
  const length = read('listxattr', listxattr(path, buffer, largest))
  if (length <= 0) return found
  for (const name of buffer.toString('utf8', 0, length).split('\0').slice(0, -1)) {
    if (!wanted(name)) continue
    const size = read('getxattr', getxattr(path, name, buffer, largest))
    if (size >= 0) found.set(name, Buffer.from(buffer.subarray(0, size)))
  }
  return found
}

const terminated = (path: Buffer): Buffer => Buffer.concat([path, Buffer.of(0)])
