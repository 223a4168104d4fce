/** What a container has changed: the upper directory of its overlay, read against the layers below. */
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs'
import { bytesOfName, textOfName } from '@gantry/oci'
import { openAll, xattrsOf } from '@gantry/syscall'
import { descriptorPath, pathOf } from './descriptor-path.ts'
import { type Walked, walkTree } from './walk.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants

export interface UpperEntry extends Walked {
  /** `same`: copied up, but as it was. */
  kind: 'added' | 'modified' | 'deleted' | 'same'
  /** A directory that hides what the layers below have in it. */
  opaque: boolean
  /** Names that such a directory hides and has nothing under itself. */
  hidden: string[]
}

/**
 * The changes in an upper directory, each directory before what is in it, the top left out. `lower` are the directories
 * of the layers below, top first. `mountPoints` are paths that the engine mounts over: made empty for that by the OCI
 * runtime, they are no changes, and no more are directories that have nothing else: `ignore` hears of them.
 */
export function* walkUpper(
  upper: number,
  lower: readonly string[],
  mountPoints: readonly string[],
  ignore: (path: string) => void = () => {},
): Generator<UpperEntry> {
  const ignored = new Set(mountPoints)
  const parents = new Set(mountPoints.map((path) => path.slice(0, Math.max(path.lastIndexOf('/'), 0))))
  const below = new LowerDirectories(lower)
  const isMade = ({ fd, info, path }: Walked): boolean =>
    ignored.has(path) && (info.isDirectory() ? isEmpty(fd, path, ignored) : info.isFile() && info.size === 0n)
  let skipped = ''
  const walk = walkTree(upper, {
    enter: ({ path }) => path === '' || path !== skipped,
    left: (path) => below.leave(path),
  })
  try {
    for (const entry of walk) {
      if (entry.path === '') {
        below.enter('')
        continue
      }
      const known = below.find(entry.path)
      const onlyMade =
        parents.has(entry.path) && entry.info.isDirectory() && isEmpty(entry.fd, entry.path, ignored)
      if (isMade(entry) || (onlyMade && (known === null || sameObject(entry.info, known)))) {
        skipped = entry.path
        ignore(entry.path)
        continue
      }
      const judged = judge(entry, known)
      if (entry.info.isDirectory()) below.enter(entry.path)
      yield { ...entry, ...judged, hidden: judged.opaque ? hiddenNames(entry.fd, below.names()) : [] }
    }
  } finally {
    below.close()
  }
}

function judge({ fd, info }: Walked, known: BigIntStats | null): Pick<UpperEntry, 'kind' | 'opaque'> {
  if (isWhiteout(info)) return { kind: 'deleted', opaque: false }
  const opaque = info.isDirectory() && isOpaque(fd)
  if (known === null) return { kind: 'added', opaque }
  return { kind: sameObject(info, known) ? 'same' : 'modified', opaque }
}

/** A directory's size and time change with its content, so they tell nothing. */
function sameObject(a: BigIntStats, b: BigIntStats): boolean {
  const same = a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.rdev === b.rdev
  return same && (a.isDirectory() || (a.size === b.size && a.mtimeNs === b.mtimeNs))
}

/** Whether a directory holds nothing but empty mount points, and what holds nothing but those. */
function isEmpty(fd: number, path: string, ignored: ReadonlySet<string>): boolean {
  return readdirSync(descriptorPath(fd), { encoding: 'buffer' }).every((name) => {
    const child = `${path}/${name.toString()}`
    if (!ignored.has(child)) return false
    const info = lstatSync(pathOf(fd, name))
    if (!info.isDirectory()) return info.isFile() && info.size === 0
    const directory = openSync(pathOf(fd, name), O_PATH | O_DIRECTORY | O_NOFOLLOW)
    try {
      return isEmpty(directory, child, ignored)
    } finally {
      closeSync(directory)
    }
  })
}

/** What of `below` an upper directory has nothing for. */
function hiddenNames(upper: number, below: string[]): string[] {
  const own = new Set(readdirSync(descriptorPath(upper), { encoding: 'buffer' }).map(textOfName))
  return below.filter((name) => !own.has(name)).sort()
}

/** Whether an object of a layer stands for there being nothing. */
export const isWhiteout = (info: { isCharacterDevice(): boolean; rdev: bigint | number }): boolean =>
  info.isCharacterDevice() && BigInt(info.rdev) === 0n

/** Whether a directory of a layer hides what the layers below have in it. */
export function isOpaque(fd: number): boolean {
  const names = ['trusted.overlay.opaque', 'user.overlay.opaque']
  return [...xattrsOf(fd, (name) => names.includes(name)).values()].some((value) => value.toString() === 'y')
}

/** The directories of the layers below that make up the directory that the walk is in, as overlay merges them. */
class LowerDirectories {
  readonly #tops: number[]
  readonly #levels: { path: string; fds: number[] }[] = []

  constructor(lower: readonly string[]) {
    this.#tops = openAll(lower, O_PATH | O_DIRECTORY)
  }

  /** Goes down into a directory of the upper tree. */
  enter(path: string): void {
    const fds = path === '' ? this.#tops : []
    const above = this.#levels.at(-1)?.fds ?? []
    this.#levels.push({ path, fds })
    if (path !== '') this.#open(path, above, fds)
  }

  /** What is in the present directory. */
  names(): string[] {
    const found = new Map<string, boolean>()
    for (const fd of this.#levels.at(-1)?.fds ?? []) {
      for (const name of readdirSync(descriptorPath(fd), { encoding: 'buffer' })) {
        const text = textOfName(name)
        if (!found.has(text)) found.set(text, !isWhiteout(lstatSync(pathOf(fd, name))))
      }
    }
    return [...found].filter(([, isThere]) => isThere).map(([name]) => name)
  }

  leave(path: string): void {
    const level = this.#levels.at(-1)
    if (level?.path !== path) return
    this.#levels.pop()
    if (path !== '') for (const fd of level.fds) closeSync(fd)
  }

  /** What the layers show in the present directory under this path's name; null for nothing. */
  find(path: string): BigIntStats | null {
    const name = bytesOfName(path.slice(path.lastIndexOf('/') + 1))
    for (const fd of this.#levels.at(-1)?.fds ?? []) {
      const info = lstatSync(pathOf(fd, name), { bigint: true, throwIfNoEntry: false })
      if (info) return isWhiteout(info) ? null : info
    }
    return null
  }

  /** Adds to `found`, which is closed whatever happens. */
  #open(path: string, above: readonly number[], found: number[]): void {
    const name = bytesOfName(path.slice(path.lastIndexOf('/') + 1))
    for (const parent of above) {
      const info = lstatSync(pathOf(parent, name), { throwIfNoEntry: false })
      if (!info) continue
      if (!info.isDirectory()) break
      const fd = openSync(pathOf(parent, name), O_PATH | O_DIRECTORY | O_NOFOLLOW)
      found.push(fd)
      if (isOpaque(fd)) break
    }
  }

  close(): void {
    for (const { fds, path } of this.#levels) if (path !== '') for (const fd of fds) closeSync(fd)
    for (const fd of this.#tops) closeSync(fd)
    this.#levels.length = 0
  }
}
