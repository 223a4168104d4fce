/** Where a copy goes when links on its way lead to what is not there yet. Blocks: for a worker thread. */
import { closeSync, constants, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import { bytesOfName, textOfName } from '@gantry/oci'
import { openBeneath, readLinkOf } from '@gantry/syscall'
import { openedIn, withDirectory } from './in-root.ts'
import { cleanPath } from './sources.ts'

const O_PATH = 0o10000000
const { O_NOFOLLOW } = constants

/** As many as the kernel follows in one path. */
const mostLinks = 40

/**
 * The directory of a root that `path` means, which need not be there: a link that leads nowhere gives way to what it names,
 * inside of the root, as with Docker. Links that lead somewhere stay in the path: whoever opens it follows them. Throws
 * InvalidParameter for links in a circle.
 */
export function destinationIn(root: string, path: string): string {
  return withDirectory(root, (top) => {
    let clean = cleanPath(path)
    for (let links = 0; links < mostLinks; links++) {
      const next = pastDanglingLink(top, clean)
      if (next === null) return clean
      clean = next
    }
    throw new GantryError('InvalidParameter', `too many links in ${posix.join('/', path)}`)
  })
}

/** The path with its first link that leads nowhere replaced; null when there is none. */
function pastDanglingLink(top: number, path: string): string | null {
  if (path === '' || closed(openedIn(top, path))) return null
  const parts = path.split('/')
  const missing = parts.findIndex((_, index) => !closed(openedIn(top, parts.slice(0, index + 1).join('/'))))
  const parent = openedIn(top, parts.slice(0, missing).join('/'))
  if (parent === null) return null
  try {
    const target = linkIn(parent, parts[missing] as string)
    if (target === null) return null
    const here = `/${posix.relative(placeOf(top), placeOf(parent))}`
    return cleanPath(posix.resolve(here, target, ...parts.slice(missing + 1)))
  } finally {
    closeSync(parent)
  }
}

function closed(fd: number | null): boolean {
  if (fd !== null) closeSync(fd)
  return fd !== null
}

/** Where a link of this name leads; null when it is none. */
function linkIn(directory: number, name: string): string | null {
  let found: number
  try {
    found = openBeneath(directory, bytesOfName(name), O_PATH | O_NOFOLLOW)
  } catch {
    return null
  }
  try {
    return textOfName(readLinkOf(found))
  } catch {
    return null
  } finally {
    closeSync(found)
  }
}

const placeOf = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`)
