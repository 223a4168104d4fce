/** A directory as the engine asks for it: without what is to be left out, and only what it wants. */
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs'
import { join, posix } from 'node:path'
import {
  comparePaths,
  type FileSource,
  type FileStat,
  type FilesRequest,
  type FileType,
  goMode,
} from '@gantry/buildkit'
import { compilePattern, IgnoreFile, type PathPattern } from '@gantry/dockerfile'

/** Links that one path may lead over. */
const mostLinks = 255

/** Bytes of a file that are read at once. */
const piece = 1 << 20

/** The files of `root` that a request names. They are read when the engine asks for them. */
export function directorySource(
  root: string,
  { include = [], exclude = [], follow = [] }: FilesRequest,
): FileSource {
  const ignore = new IgnoreFile(exclude.join('\n'))
  const followed = follow.flatMap((path) => followLinks(root, path))
  const wanted = [...include, ...followed].map((pattern) => compilePattern(pattern))
  return {
    entries: () => walk({ root, ignore, wanted: wanted.length > 0 ? wanted : null }, '', []),
    content: ({ path, size }) => contentOf(join(root, path), size),
  }
}

interface Walk {
  root: string
  ignore: IgnoreFile
  /** Null for everything. */
  wanted: readonly PathPattern[] | null
}

/** `above` are directories that are told when something in them is. */
function* walk(walked: Walk, directory: string, above: FileStat[]): Generator<FileStat> {
  const { root, ignore, wanted } = walked
  const paths = list(join(root, directory)).map((name) => (directory === '' ? name : `${directory}/${name}`))
  for (const path of paths.sort(comparePaths)) {
    const isWanted = wanted?.some((pattern) => pattern.covers(path)) ?? true
    if (!isWanted && !wanted?.some((pattern) => pattern.reaches(path))) continue
    const status = lstatSync(join(root, path), { throwIfNoEntry: false })
    if (!status) continue // it has gone meanwhile
    const isTold = isWanted && !ignore.ignores(path)
    const stat = isTold || status.isDirectory() ? statOf(root, path, status) : null
    if (!stat) continue
    if (isTold) {
      yield* above.splice(0)
      yield stat
    }
    if (!status.isDirectory() || ignore.prunes(path)) continue
    const pending = isTold ? [] : [...above, stat]
    yield* walk(walked, path, pending)
    // What was told of them below is told.
    if (!isTold && pending.length === 0) above.length = 0
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Everything belongs to root in an image. Null for what has no place in a context: sockets, devices. */
function statOf(root: string, path: string, status: Stats): FileStat | null {
  const type: FileType | null = status.isFile()
    ? 'file'
    : status.isDirectory()
      ? 'directory'
      : status.isSymbolicLink()
        ? 'symlink'
        : null
  if (type === null) return null
  return {
    path,
    mode: goMode(type, status.mode & 0o7777),
    uid: 0,
    gid: 0,
    size: type === 'file' ? status.size : 0,
    modTime: BigInt(Math.round(status.mtimeMs * 1e6)),
    linkname: type === 'symlink' ? readlinkSync(join(root, path)) : '',
    devmajor: 0,
    devminor: 0,
    xattrs: new Map(),
  }
}

/** At most as many bytes as the file had when it was told of. */
function* contentOf(path: string, size: number): Generator<Buffer> {
  const fd = openSync(path, 'r')
  try {
    for (let at = 0; at < size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(piece, size - at))
      const read = readSync(fd, buffer, 0, buffer.length, at)
      if (read === 0) return
      yield buffer.subarray(0, read)
      at += read
    }
  } finally {
    closeSync(fd)
  }
}

/** A path or pattern with the symbolic links on it, and what they lead to inside of the directory. */
function followLinks(root: string, path: string): string[] {
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
        waiting.push(...matching(root, at, name).map((entry) => posix.join(at, entry, ...rest)))
        found.push(posix.join(literal(at), name, ...rest))
        break
      }
      at = posix.join(at, name)
      const target = targetOf(root, at)
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
function matching(root: string, directory: string, name: string): string[] {
  const pattern = compilePattern(name)
  return list(join(root, directory)).filter(
    (entry) =>
      pattern.covers(entry) &&
      !/[*?[\\]/.test(entry) &&
      targetOf(root, posix.join(directory, entry)) !== null,
  )
}

function targetOf(root: string, path: string): string | null {
  return lstatSync(join(root, path), { throwIfNoEntry: false })?.isSymbolicLink()
    ? readlinkSync(join(root, path))
    : null
}

/** As a pattern that fits nothing else. */
const literal = (path: string): string => path.replace(/[\\*?[\]]/g, '\\$&')
