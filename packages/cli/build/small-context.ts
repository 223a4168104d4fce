/**
 * A small directory in one piece: everything that the engine could ask for in a session, which takes longer to open than
 * such a directory to send.
 */
import { basename } from 'node:path'
import type { FileStat } from '@gantry/buildkit/files'
import type { ContextDirectory } from './context-archive.ts'
import { directoryKey } from './directory-key.ts'
import { directorySource } from './directory-source.ts'

/** Bytes of contents, names and texts together, and entries. The engine takes a multiple of it. */
const mostBytes = 64 << 10
const mostEntries = 256

/** The body of the request. */
export interface SmallContext {
  /** The same for each build of this directory. */
  key: string
  name: string
  /** The Dockerfile and its own ignore file, by their names. */
  texts: Record<string, string>
  /** What the rules leave, in the order of a walk: modes in Go's bits, times in nanoseconds, contents in base64. */
  files: { path: string; mode: number; size: number; time: string; link: string; data?: string }[]
}

/** The directory is larger, or cannot be read as a whole. */
export class NoSmallContext extends Error {}

/** Throws NoSmallContext. */
export function smallContext({ root, texts, rules }: ContextDirectory): SmallContext {
  // The engine reads the ignore file itself, whatever the rules say.
  const source = directorySource(root, rules === '' ? {} : { exclude: [rules, '!.dockerignore'] })
  const found = collect(source, [...texts.values()].join('').length)
  if (found === null) throw new NoSmallContext()
  const files = found.map(({ stat: { path, mode, size, modTime, linkname }, data }) => ({
    ...{ path, mode, size, time: String(modTime), link: linkname },
    ...(data && { data: data.toString('base64') }),
  }))
  return { key: directoryKey(root), name: basename(root), texts: Object.fromEntries(texts), files }
}

/** `bytes` are those of what is sent besides. */
function collect(
  source: ReturnType<typeof directorySource>,
  bytes: number,
): { stat: FileStat; data: Buffer | null }[] | null {
  const found: { stat: FileStat; data: Buffer | null }[] = []
  let left = mostBytes - bytes
  if (left < 0) return null
  try {
    for (const stat of source.entries() as Iterable<FileStat>) {
      left -= stat.size + stat.path.length + stat.linkname.length
      if (found.length >= mostEntries || left < 0) return null
      // What it leads to may be something that the rules leave out, or elsewhere.
      if (stat.path === '.dockerignore' && stat.linkname !== '') return null
      // The numbers of a device are not in this form.
      if (stat.devmajor > 0 || stat.devminor > 0) return null
      found.push({ stat, data: null })
    }
    for (const entry of found)
      if (entry.stat.size > 0)
        entry.data = Buffer.concat([...(source.content(entry.stat) as Iterable<Buffer>)])
    return found
  } catch {
    // It may be one that nobody asks for.
    return null
  }
}
