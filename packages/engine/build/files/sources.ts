/** What the source paths and patterns of COPY and ADD name in a tree. Blocks: for a worker thread. */
import { type BigIntStats, closeSync, constants, fstatSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { walkTree } from '@gantry/archive'
import { compilePattern, nearestPath } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { bytesOfName } from '@gantry/oci'
import { openBeneath, openInRoot, SystemCallError } from '@gantry/syscall'

const O_PATH = 0o10000000

/** An object that a source names; its descriptor (O_PATH) is the caller's to close. */
export interface Source {
  fd: number
  info: BigIntStats
  /** From the root of the tree, without a slash before it; empty for the root. */
  path: string
  /** The source that names it, as it stands in the Dockerfile. */
  written: string
}

/**
 * The objects in order. `followLinks`: a link as the last part stands for what it points to, inside of the tree.
 * Throws NotFound `"/name": not found` when a path names nothing, with what may have been meant; a pattern may name nothing.
 */
export function* findSources(
  root: number,
  names: readonly string[],
  followLinks: boolean,
): Generator<Source> {
  for (const name of names)
    for (const path of isPattern(name) ? expand(root, name) : [cleanPath(name)]) {
      const fd = open(root, path, followLinks, name)
      try {
        yield { fd, info: fstatSync(fd, { bigint: true }), path, written: name }
      } finally {
        closeSync(fd)
      }
    }
}

/** A path inside of the root, worked out: `..` cannot lead out of it. */
export const cleanPath = (path: string): string => posix.join('/', path).replace(/^\/+|\/+$/g, '')

const isPattern = (name: string): boolean => /[*?[]/.test(name)

/** The paths that match, in order. Only directories that may hold one are read. */
function expand(root: number, name: string): string[] {
  const pattern = compilePattern(name)
  const depth = pattern.text.includes('**') ? Number.POSITIVE_INFINITY : pattern.text.split('/').length
  const found: string[] = []
  const walk = walkTree(root, {
    enter: ({ path }) =>
      path === '' || (path.split('/').length < depth && pattern.reaches(path) && !found.includes(path)),
  })
  for (const { path } of walk) if (path !== '' && pattern.covers(path)) found.push(path)
  return found
}

function open(root: number, path: string, followLinks: boolean, written: string): number {
  try {
    if (path === '') return openInRoot(root, '.', O_PATH)
    if (followLinks) return openInRoot(root, bytesOfName(path), O_PATH)
    const parent = openInRoot(root, bytesOfName(posix.dirname(path)), O_PATH | constants.O_DIRECTORY)
    try {
      return openBeneath(parent, bytesOfName(posix.basename(path)), O_PATH | constants.O_NOFOLLOW)
    } finally {
      closeSync(parent)
    }
  } catch (error) {
    if (!(error instanceof SystemCallError) || !['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code))
      throw error
    const name = posix.join('/', written)
    throw new GantryError('NotFound', `${JSON.stringify(name)}: not found${hintFor(root, written)}`)
  }
}

/** What may have been meant by a path that names nothing; empty where nothing is near. */
function hintFor(root: number, written: string): string {
  const near = nearestPath(posix.join('/', written), (directory) => namesIn(root, directory))
  if (near !== null) return ` (did you mean ${JSON.stringify(near)}?)`
  return /^\.\.(\/|$)/.test(posix.normalize(written).replace(/^\/+/, ''))
    ? ' (.. cannot lead above the top of what is copied from)'
    : ''
}

/** What is in a directory of the tree; nothing where there is none. */
function namesIn(root: number, directory: string): string[] {
  try {
    const fd = openInRoot(
      root,
      bytesOfName(cleanPath(directory) || '.'),
      constants.O_RDONLY | constants.O_DIRECTORY,
    )
    try {
      return readdirSync(`/proc/self/fd/${fd}`)
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}
