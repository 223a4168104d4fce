/** A directory as the engine asks for it: without what is to be left out, and only what it wants. */
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import {
  comparePaths,
  type FileSource,
  type FileStat,
  type FilesRequest,
  type FileType,
  goMode,
  HardLinks,
} from '@gantry/buildkit/files'
import { type ListedEntry, type Listing, selected } from '@gantry/dockerfile'
import { deviceNumbers } from '@gantry/oci/device-number'

/** Bytes of a file that are read at once. */
const piece = 1 << 20

/** The files of `root` that a request names. They are read when the engine asks for them. */
export function directorySource(root: string, request: Omit<FilesRequest, 'directory'>): FileSource {
  const listing: Listing<DiskEntry> = {
    names: (directory) => list(join(root, directory)).sort(comparePaths),
    entry: (path) => entryOf(root, path),
  }
  return {
    entries: () => stats(selected(listing, request)),
    content: ({ path, size }) => contentOf(join(root, path), size),
  }
}

interface DiskEntry extends ListedEntry {
  stat: FileStat
  /** Device and inode of a file that has other names. */
  file: string | null
}

function* stats(entries: Iterable<DiskEntry>): Generator<FileStat> {
  const links = new HardLinks()
  for (const { stat, file } of entries) yield links.told(stat, file)
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** Everything belongs to root in an image. Null for what has gone, and for sockets: they have no place in a context. */
function entryOf(root: string, path: string): DiskEntry | null {
  const status = lstatSync(join(root, path), { throwIfNoEntry: false })
  if (!status && path.includes('\ufffd')) return unnameable(path)
  const type = status && typeOf(status)
  if (!status || !type) return null
  const target = type === 'symlink' ? readlinkSync(join(root, path)) : ''
  const [devmajor, devminor] = isDevice(type) ? deviceNumbers(BigInt(status.rdev)) : [0, 0]
  const stat: FileStat = {
    path,
    mode: goMode(type, status.mode & 0o7777),
    uid: 0,
    gid: 0,
    size: type === 'file' ? status.size : 0,
    modTime: BigInt(Math.round(status.mtimeMs * 1e6)),
    linkname: target,
    devmajor,
    devminor,
    xattrs: new Map(),
  }
  const file = type === 'file' && status.nlink > 1 ? identityOf(join(root, path)) : null
  return { type: isDevice(type) || type === 'fifo' ? 'node' : type, target, stat, file }
}

/** Null for what has gone. The numbers of some file systems have more than 53 bits. */
function identityOf(path: string): string | null {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return status ? `${status.dev}:${status.ino}` : null
}

type SentType = Exclude<FileType, 'socket' | 'other'>

const isDevice = (type: SentType): type is 'block' | 'character' => type === 'block' || type === 'character'

function typeOf(status: Stats): SentType | null {
  if (status.isFile()) return 'file'
  if (status.isDirectory()) return 'directory'
  if (status.isSymbolicLink()) return 'symlink'
  if (status.isFIFO()) return 'fifo'
  if (status.isCharacterDevice()) return 'character'
  return status.isBlockDevice() ? 'block' : null
}

/** A name that is no text could only be sent as another one. Nobody minds one that is not asked for. */
const unnameable = (path: string): DiskEntry => ({
  type: 'file',
  target: '',
  file: null,
  get stat(): FileStat {
    throw new Error(
      `the name of ${JSON.stringify(path)} is not UTF-8: rename it, name it in .dockerignore, or send an archive (tar -c . | gantry build -)`,
    )
  },
})

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
