import { lstatSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { localError } from '../../../files/local-error.ts'
import { keepEnd } from './paths.ts'
import type { Source } from './plan.ts'

/**
 * What a local path names: links before its last part are followed, the last one only with `followLink` or a slash
 * behind it. Throws with the words of Go's os.Lstat.
 */
export function localSource(path: string, followLink: boolean): Source {
  const resolved = followLink ? keepEnd(real(path), path) : resolvedParent(path)
  const info = lstat(resolved)
  const asked = posix.basename(path)
  const differs = posix.basename(resolved) !== asked && (followLink || path.endsWith('/'))
  return { path: resolved, isDirectory: info.isDirectory(), ...(differs && asked && { name: asked }) }
}

function resolvedParent(path: string): string {
  const slash = path.lastIndexOf('/') + 1
  return `${real(path.slice(0, slash))}/${path.slice(slash)}`.replace(/^\/\//, '/')
}

const mostLinks = 255

/** The path with every link in it followed. Throws with the words of Go's filepath.EvalSymlinks. */
function real(path: string): string {
  let done = '/'
  let left = path.split('/').filter(Boolean)
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left
    left = rest
    if (name === '.' || name === '..') {
      done = posix.join(done, name)
      continue
    }
    const place = posix.join(done, name)
    const info = lstat(place)
    if (info.isSymbolicLink()) {
      if (++links > mostLinks) throw new Error('EvalSymlinks: too many links')
      const target = readlinkSync(place)
      if (target.startsWith('/')) done = '/'
      left = [...target.split('/').filter(Boolean), ...left]
      continue
    }
    if (!info.isDirectory() && (left.length > 0 || path.endsWith('/'))) throw new Error('not a directory')
    done = place
  }
  return done
}

function lstat(path: string) {
  try {
    return lstatSync(path)
  } catch (error) {
    throw localError('lstat', path, error)
  }
}
