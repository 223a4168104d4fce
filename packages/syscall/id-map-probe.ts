import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UnmountFlag, unmount } from './mount.ts'
import { releaseNamespace } from './namespace-file.ts'
import { mountOverlay } from './overlay.ts'
import { createUserNamespace, type IdMapping, rootOf } from './user-namespace.ts'

/**
 * Makes sure that an overlay below `directory` can be mounted with other owners, by doing so. Throws SystemCallError, or
 * Error where the kernel mounts it but cannot write to it (before Linux 5.19).
 */
export function canMapIds(mapping: IdMapping, directory: string): void {
  using undo = new DisposableStack()
  const scratch = mkdtempSync(join(directory, '.id-map-'))
  undo.defer(() => rmSync(scratch, { recursive: true, force: true }))
  const [lower, base, upper, work, target] = ['lower', 'base', 'upper', 'work', 'target'].map((name) => {
    const path = join(scratch, name)
    mkdirSync(path)
    return path
  }) as [string, string, string, string, string]
  const namespace = join(scratch, 'user')
  createUserNamespace(mapping, { user: namespace })
  undo.defer(() => releaseNamespace(namespace))
  mountOverlay({ lower: [lower, base], upper, work, target, idMap: { namespace, root: rootOf(mapping) } })
  undo.defer(() => unmount(target, UnmountFlag.detach))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const options = mounts.find((line) => line.split(' ')[4] === target)?.split(' - ')[1]
  if (options?.split(' ')[2]?.split(',').includes('ro'))
    throw new Error('an id-mapped overlay cannot be written to')
}
