/** Which entries of a tree are asked for: some of what its ignore file leaves, with what the links on the way lead to. */
import { posix } from 'node:path'
import { IgnoreFile } from './ignore-file.ts'
import { compilePattern, type PathPattern } from './path-pattern.ts'

/** Links that one path may lead over. */
const mostLinks = 255

export interface ListedEntry {
  /** `node`: a pipe or a device. What is `other` is passed over. */
  type: 'file' | 'directory' | 'symlink' | 'node' | 'other'
  /** Of a symbolic link. */
  target: string
}

/** A tree of files, wherever it is. Paths are relative to it, with `/`; its own is empty. */
export interface Listing<E extends ListedEntry> {
  /** What is in a directory, in the order of the names' bytes; nothing for what is none. */
  names(directory: string): readonly string[]
  entry(path: string): E | null
}

export interface Selection {
  /** Patterns of what is asked for; everything without any, and without `follow`. */
  include?: readonly string[]
  /** Patterns, as in .dockerignore, of what is not. */
  exclude?: readonly string[]
  /** Paths that are asked for with what the symbolic links on the way lead to. */
  follow?: readonly string[]
}

/** The entries in the order of a walk, each with the directories above it. Throws DockerfileProblem for a malformed pattern. */
export function selected<E extends ListedEntry>(
  listing: Listing<E>,
  { include = [], exclude = [], follow = [] }: Selection,
): Generator<E> {
  const ignore = new IgnoreFile(exclude.join('\n'))
  const followed = follow.flatMap((path) => followLinks(listing, path))
  const wanted = [...include, ...followed].map((pattern) => compilePattern(pattern))
  return walk({ listing, ignore, wanted: wanted.length > 0 ? wanted : null }, '', [])
}

interface Walk<E extends ListedEntry> {
  listing: Listing<E>
  ignore: IgnoreFile
  /** Null for everything. */
  wanted: readonly PathPattern[] | null
}

/** `above` are directories that are told when something in them is. */
function* walk<E extends ListedEntry>(walked: Walk<E>, directory: string, above: E[]): Generator<E> {
  const { listing, ignore, wanted } = walked
  for (const name of listing.names(directory)) {
    const path = directory === '' ? name : `${directory}/${name}`
    const isWanted = wanted?.some((pattern) => pattern.covers(path)) ?? true
    if (!isWanted && !wanted?.some((pattern) => pattern.reaches(path))) continue
    const entry = listing.entry(path)
    if (!entry || entry.type === 'other') continue
    const isTold = isWanted && !ignore.ignores(path)
    if (isTold) {
      yield* above.splice(0)
      yield entry
    }
    if (entry.type !== 'directory' || ignore.prunes(path)) continue
    const pending = isTold ? [] : [...above, entry]
    yield* walk(walked, path, pending)
    // What was told of them below is told.
    if (!isTold && pending.length === 0) above.length = 0
  }
}

/** A path or pattern with the symbolic links on it, and what they lead to inside of the tree. */
function followLinks<E extends ListedEntry>(listing: Listing<E>, path: string): string[] {
  const found: string[] = []
  const waiting = [path]
  for (let link = 0; link < mostLinks; link++) {
    const next = waiting.pop()
    if (next === undefined) return found
    let at = ''
    const names = posix.join('/', next).split('/').filter(Boolean)
    for (const [index, name] of names.entries()) {
      const rest = names.slice(index + 1)
      if (/[*?[]/.test(name)) {
        waiting.push(...matching(listing, at, name).map((entry) => posix.join(at, entry, ...rest)))
        found.push(posix.join(literal(at), name, ...rest))
        break
      }
      at = posix.join(at, name)
      const target = targetOf(listing, at)
      if (target !== null) {
        found.push(literal(at))
        waiting.push(posix.join('/', target.startsWith('/') ? '' : posix.dirname(at), target, ...rest))
        break
      }
      if (rest.length === 0) found.push(literal(at))
    }
  }
  return found
}

/** The links among the entries that a pattern of one name fits: they lead elsewhere. */
function matching<E extends ListedEntry>(listing: Listing<E>, directory: string, name: string): string[] {
  const pattern = compilePattern(name)
  return listing
    .names(directory)
    .filter(
      (entry) =>
        pattern.covers(entry) &&
        !/[*?[\\]/.test(entry) &&
        targetOf(listing, posix.join(directory, entry)) !== null,
    )
}

function targetOf<E extends ListedEntry>(listing: Listing<E>, path: string): string | null {
  const entry = listing.entry(path)
  return entry?.type === 'symlink' ? entry.target : null
}

/** As a pattern that fits nothing else. */
const literal = (path: string): string => path.replace(/[\\*?[\]]/g, '\\$&')
