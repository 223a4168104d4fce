/** `--output type=local` for clients of BuildKit, which are sent files one by one instead of an archive. */
import { closeSync, constants, createReadStream, openSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type Walked, walkTree } from '@gantry/archive'
import type { BuildResult, Snapshots } from '@gantry/build'
import { type FileSource, type FileStat, type FileType, goMode } from '@gantry/buildkit'
import { readLinkOf } from '@gantry/syscall'
import type { NoteFile } from './files-output.ts'
import type { FilesPlan } from './plan.ts'
import { directoryOf } from './platform-directory.ts'

const piece = 1 << 20

interface Part {
  /** Empty, or a platform's directory with a slash at its end. */
  prefix: string
  root: string
  /** In the order of their names. */
  notes: readonly NoteFile[]
}

/**
 * The files of results, readable for as long as `stack` lives, and those that tell about them, which take the place of files of
 * the same names. `created` is SOURCE_DATE_EPOCH.
 */
export async function treeSource(
  snapshots: Pick<Snapshots, 'view'>,
  results: readonly BuildResult[],
  { platformSplit }: Pick<FilesPlan, 'platformSplit'>,
  { created, notes }: { created: Date | undefined; notes: (result: BuildResult) => Promise<NoteFile[]> },
  stack: AsyncDisposableStack,
): Promise<FileSource> {
  const split = platformSplit ?? results.length > 1
  const parts: Part[] = []
  for (const result of results) {
    const { root } = stack.use(await snapshots.view(result.snapshot))
    const told = (await notes(result)).sort((a, b) => inOrder(a.name, b.name))
    parts.push({ prefix: split ? directoryOf(result.platform) : '', root, notes: told })
  }
  parts.sort((a, b) => (a.prefix < b.prefix ? -1 : 1))
  const modTime = created && BigInt(created.getTime()) * 1_000_000n
  return {
    entries: () => entriesOf(parts, modTime),
    content: ({ path }) => {
      const part = parts.find(({ prefix }) => path.startsWith(prefix))
      const note = part?.notes.find(({ name }) => `${part.prefix}${name}` === path)
      if (note) return Readable.from([note.content])
      const file = join(part?.root ?? '/', path.slice(part?.prefix.length))
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW
      return createReadStream('', { fd: openSync(file, flags), highWaterMark: piece })
    },
  }
}

/** As a walk of one directory would find them all: paths come in the order of their parts. */
function* entriesOf(parts: readonly Part[], modTime: bigint | undefined): Generator<FileStat> {
  for (const { prefix, root, notes } of parts) {
    if (prefix !== '') yield { ...plain, path: prefix.slice(0, -1), mode: goMode('directory', 0o755) }
    const top = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
    const waiting = notes.map((note) => ({ note, stat: statOfNote(note, prefix, modTime) }))
    try {
      for (const entry of walkTree(top)) {
        const [first = ''] = entry.path.split('/', 1)
        for (; waiting[0] && inOrder(waiting[0].note.name, first) < 0; waiting.shift()) yield waiting[0].stat
        if (entry.path === '' || notes.some(({ name }) => name === first)) continue
        const stat = statOf(entry, prefix)
        if (stat) yield modTime === undefined ? stat : { ...stat, modTime }
      }
      for (const { stat } of waiting) yield stat
    } finally {
      closeSync(top)
    }
  }
}

const inOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const statOfNote = ({ name, content }: NoteFile, prefix: string, modTime?: bigint): FileStat => ({
  ...plain,
  path: `${prefix}${name}`,
  mode: goMode('file', 0o644),
  size: content.length,
  modTime: modTime ?? BigInt(Date.now()) * 1_000_000n,
})

const plain: FileStat = {
  path: '',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  modTime: 0n,
  linkname: '',
  devmajor: 0,
  devminor: 0,
  xattrs: new Map(),
}

/** Null for what is neither a file, a directory nor a link. */
function statOf({ fd, info, path }: Walked, prefix: string): FileStat | null {
  const type: FileType | null = info.isFile()
    ? 'file'
    : info.isDirectory()
      ? 'directory'
      : info.isSymbolicLink()
        ? 'symlink'
        : null
  if (type === null) return null
  return {
    ...plain,
    path: `${prefix}${path}`,
    mode: goMode(type, Number(info.mode & 0o7777n)),
    uid: Number(info.uid),
    gid: Number(info.gid),
    size: type === 'file' ? Number(info.size) : 0,
    modTime: info.mtimeNs,
    linkname: type === 'symlink' ? readLinkOf(fd).toString() : '',
  }
}
