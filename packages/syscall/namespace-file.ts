/** Namespaces that live as long as the file they are mounted on (namespaces(7)). */
import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { bind, check, SystemCallError } from './libc.ts'

const mount = bind(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
)
const umount2 = bind('int umount2(const char *target, int flags)')

const MS_BIND = 4096
const MNT_DETACH = 2

/** Mounts the namespace behind `source`, e.g. `/proc/<pid>/ns/user`, on the new file `path`. Leaves nothing when it fails. */
export function keepNamespace(source: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'wx', 0o400))
  try {
    check('mount', mount(source, path, null, MS_BIND, null), path)
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

/** Unmounts and deletes the file. The namespace goes once nothing else uses it. Idempotent. */
export function releaseNamespace(path: string): void {
  try {
    check('umount2', umount2(path, MNT_DETACH), path)
  } catch (error) {
    // EINVAL: a file that is no mount (yet); ENOENT: gone already.
    if (!(error instanceof SystemCallError) || !['EINVAL', 'ENOENT'].includes(error.code)) throw error
  }
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
