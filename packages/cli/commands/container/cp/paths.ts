/** Paths of `cp`: a slash or `/.` at their end means a directory, so both survive where other programs clean them away. */
import { posix } from 'node:path'

/** `CONTAINER:PATH` or a local path; `./file:name` is local. */
export function splitArgument(argument: string): { container: string; path: string } {
  const colon = argument.indexOf(':')
  const isLocal = argument.startsWith('/') || argument.startsWith('.') || colon < 0
  if (isLocal) return { container: '', path: argument }
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) }
}

/** A local path from the root, with the end that the user wrote. */
export function absoluteLocal(path: string): string {
  return keepEnd(posix.resolve(path), path)
}

/** Gives a cleaned path the slash or `/.` at its end that the original had. */
export function keepEnd(cleaned: string, original: string): string {
  const joined = cleaned.endsWith('/') ? cleaned : `${cleaned}/`
  if (meansContents(original) && !meansContents(cleaned)) return `${joined}.`
  return original.endsWith('/') ? joined : cleaned
}

/** What is in a directory is meant, not the directory. */
const meansContents = (path: string): boolean => posix.basename(path) === '.' || path === ''

/** The path can only be a directory's. */
export const meansDirectory = (path: string): boolean => path.endsWith('/') || meansContents(path)

/** Parent and name of a path; the name of `dir/.` is `.`. */
export function splitPath(path: string): { parent: string; name: string } {
  const cleaned = clean(path)
  if (meansContents(path)) return { parent: cleaned, name: '.' }
  return { parent: posix.dirname(cleaned), name: posix.basename(cleaned) || '/' }
}

/** Without slashes that mean nothing, `.` and `..`. */
function clean(path: string): string {
  const normal = posix.normalize(path || '.')
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal
}
