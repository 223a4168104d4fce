import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { posix } from 'node:path'
import { localError } from '../../../files/local-error.ts'
import { splitPath } from './paths.ts'
import type { Destination } from './plan.ts'

const mostLinks = 10

/** Where a local path leads, its last part followed too; that need not exist. Throws in Docker's words. */
export function localDestination(path: string): Destination {
  let place = path
  let info = lstatOrNull(place)
  for (let links = 0; info?.isSymbolicLink(); links++) {
    if (links > mostLinks) throw new Error(`too many symlinks in ${path}`)
    place = posix.resolve(splitPath(place).parent, readlinkSync(place))
    info = lstatOrNull(place)
  }
  if (info) return { path: place, kind: info.isDirectory() ? 'directory' : 'other' }
  const { parent } = splitPath(place)
  if (!stat(parent).isDirectory()) throw new Error('not a directory')
  return { path: place, kind: null }
}

/** Refuses what no copy can go to: a place without a parent, or a device. */
export function checkOutput(path: string): void {
  const parent = posix.dirname(posix.normalize(path).replace(/(.)\/$/, '$1'))
  if (!statOrNull(parent))
    throw new Error(`invalid output path: directory ${JSON.stringify(parent)} does not exist`)
  const info = statOrNull(path)
  if (info?.isBlockDevice() || info?.isCharacterDevice()) {
    const problem = 'must be a directory or a regular file: got a device'
    throw new Error(`invalid output path: ${JSON.stringify(path)} ${problem}`)
  }
}

function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    throw localError('lstat', path, error)
  }
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    throw localError('stat', path, error)
  }
}

function stat(path: string): Stats {
  try {
    return statSync(path)
  } catch (error) {
    throw localError('stat', path, error)
  }
}
