/**
 * In an overlay the upper directory's owner and mode hide the lower one's. So a directory that a layer has content for,
 * but no entry, takes them over from the layer below once that is known. Blocks: for an intake thread.
 */
import { closeSync, constants, fstatSync } from 'node:fs'
import { bytesOfName } from '@gantry/oci'
import { copyMetadata, openAll, openInRoot, SystemCallError } from '@gantry/syscall'
import type { InheritJob } from '../intake/messages.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants

/** Completes the directories `paths` of `target` from the first of `lower` (top first) that has them. */
export function inherit({ target, lower, paths }: InheritJob): void {
  const roots = openAll([target, ...lower], O_PATH | O_DIRECTORY)
  const [own, ...below] = roots as [number, ...number[]]
  try {
    for (const path of paths) inheritOne(own, below, bytesOfName(path))
  } finally {
    for (const root of roots) closeSync(root)
  }
}

function inheritOne(own: number, below: readonly number[], path: Buffer): void {
  for (const root of below) {
    const source = orNull(() => openInRoot(root, path, O_PATH | O_NOFOLLOW))
    if (source === null) continue
    let made: number | null = null
    try {
      made = orNull(() => openInRoot(own, path, O_PATH | O_DIRECTORY))
      if (made !== null && fstatSync(source).isDirectory()) copyMetadata(source, made)
      return
    } finally {
      closeSync(source)
      if (made !== null) closeSync(made)
    }
  }
}

function orNull(open: () => number): number | null {
  try {
    return open()
  } catch (error) {
    if (error instanceof SystemCallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return null
    throw error
  }
}
