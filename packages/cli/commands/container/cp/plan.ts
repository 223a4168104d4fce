/** Where a copy goes and what it is called there: the rules of `docker cp`. */
import { meansDirectory, splitPath } from './paths.ts'

export interface Source {
  path: string
  isDirectory: boolean
  /** What the user called it, where a link led to another name. */
  name?: string
}

/** Null kind: there is nothing yet. */
export interface Destination {
  path: string
  kind: 'directory' | 'other' | null
}

export interface CopyPlan {
  /** The directory to unpack into. */
  directory: string
  /** What the copy is called there; `.` for the content of a directory. */
  name: string
}

/** Throws in Docker's words for what cannot be. */
export function planCopy(source: Source, destination: Destination): CopyPlan {
  const name = source.name ?? splitPath(source.path).name
  if (destination.kind === 'directory') return { directory: destination.path, name }
  if (destination.kind === 'other' && source.isDirectory) throw new Error('cannot copy directory')
  if (destination.kind === null && !source.isDirectory && meansDirectory(destination.path))
    throw new Error('no such directory')
  const { parent, name: newName } = splitPath(destination.path)
  return { directory: parent, name: newName }
}
