import { closeSync, constants, lstatSync, readdirSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { GantryError } from '@gantry/errors'
import {
  isMountPoint,
  openBeneath,
  removeDirectoryAt,
  removeFileAt as removeName,
  SystemCallError,
} from '@gantry/syscall'
import { descriptorPath, pathOf } from './descriptor-path.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/** Every level holds a descriptor. */
const deepest = 2000

/**
 * Removes a directory with all that is in it, each name by its open parent: what somebody exchanges meanwhile for a
 * symbolic link is removed as a link. Throws SystemCallError EBUSY for what something is mounted on, in whichever mount
 * namespace: the kernel itself looks only into the caller's.
 */
export function removeTreeAt(parent: number, name: Buffer, depth = 0): void {
  if (depth > deepest) throw new GantryError('InvalidParameter', 'directories are nested too deeply')
  refuseMount(parent, name)
  const directory = openBeneath(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    for (const each of readdirSync(descriptorPath(directory), { encoding: 'buffer' })) {
      if (lstatSync(pathOf(directory, each)).isDirectory()) removeTreeAt(directory, each, depth + 1)
      else removeFileAt(directory, each)
    }
  } finally {
    closeSync(directory)
  }
  removeDirectoryAt(parent, name)
}

/** Removes anything but a directory. Throws as removeTreeAt does. */
export function removeFileAt(directory: number, name: Buffer): void {
  refuseMount(directory, name)
  removeName(directory, name)
}

function refuseMount(directory: number, name: Buffer): void {
  if (isMountPoint(directory, name))
    throw new SystemCallError('unlinkat', osConstants.errno.EBUSY, name.toString())
}
