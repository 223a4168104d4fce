/** Extended attributes by path (xattr(7)); a symbolic link at its end is not followed. */
import { bind, check, SystemCallError } from './libc.ts'

const lsetxattr = bind(
  'int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)',
)
const lgetxattr = bind(
  'long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)',
)
const llistxattr = bind('long llistxattr(const uint8_t *path, _Out_ uint8_t *list, size_t size)')

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

/** llistxattr(2). */
export function listXattrs(path: Buffer): string[] {
  const list = Buffer.alloc(largest)
  const length = check('listxattr', llistxattr(terminated(path), list, list.length))
  return list.toString('utf8', 0, length).split('\0').slice(0, -1)
}

const terminated = (path: Buffer): Buffer => Buffer.concat([path, Buffer.of(0)])
