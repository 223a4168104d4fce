/** Brings a kept tree to what a client has: only what differs is asked for. */
import {
  comparePaths,
  type FileSink,
  type FileStat,
  type FileType,
  permissionsOf,
  typeOf,
} from '@gantry/buildkit'
import type { IgnoreFile } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { tooLarge } from '../context-limit.ts'
import type { TreeChange } from '../files/apply.ts'

/** What is known of a file that has been received: the client's words. */
export interface KeptEntry {
  path: string
  mode: number
  size: number
  /** Nanoseconds since 1970. */
  time: string
  link: string
  /** Major and minor number of a device. */
  device?: readonly [number, number]
}

/** A time that no file has. */
const never = '-1'

/** Bytes and changes that are handed over at once. */
const batchBytes = 1 << 20
const batchChanges = 2000
/** What a piece of a file costs beside its bytes, however small it is. */
const pieceCost = 200

interface OpenFile {
  entry: KeptEntry
  received: number
  begun: boolean
}

export interface TreeSyncOptions {
  /** What the tree holds, in the order of a walk. */
  known: readonly KeptEntry[]
  /** What the client was told to leave out. */
  ignore: IgnoreFile | null
  /** Makes changes to the tree, one batch after another. */
  apply(changes: readonly TreeChange[]): Promise<void>
  /** Before the first change. */
  begin(): Promise<void>
  progress(bytes: number): void
  /** Bytes that the files may have in all. */
  largest: number
}

export class TreeSync implements FileSink {
  readonly #options: TreeSyncOptions
  readonly #entries: KeptEntry[] = []
  readonly #open = new Map<string, OpenFile>()
  /** Directories whose times the changes below them spoil. */
  readonly #directories = new Map<string, KeptEntry>()
  readonly #touched = new Set<string>()
  /** Files that did not come as they were announced: asked for again the next time. */
  readonly #odd = new Set<string>()
  /** Files that are asked for: new ones in the tree. */
  readonly #asked = new Set<string>()
  /** Made when the files that they are other names of have come. */
  readonly #links: TreeChange[] = []
  #next = 0
  #removed = ''
  #changes: TreeChange[] = []
  #bytes = 0
  #total = 0
  #announced = 0
  #applied: Promise<void> | null = null

  constructor(options: TreeSyncOptions) {
    this.#options = options
  }

  async entry(stat: FileStat): Promise<boolean> {
    if (this.#options.ignore?.ignores(stat.path) && typeOf(stat.mode) !== 'directory') return false
    const before = await this.#passUntil(stat.path)
    const entry = {
      path: stat.path,
      mode: stat.mode,
      size: stat.size,
      time: String(stat.modTime),
      link: stat.linkname,
      ...(stat.devmajor || stat.devminor ? { device: [stat.devmajor, stat.devminor] as const } : {}),
    }
    const type = typeOf(stat.mode)
    // A socket is nothing without who listens at it.
    if (type === 'socket' || type === 'other') {
      if (before) await this.#change({ kind: 'remove', path: stat.path })
      return false
    }
    if (type === 'file' && stat.linkname === '') this.#announced += stat.size
    if (this.#announced > this.#options.largest) throw tooLarge(this.#options.largest)
    this.#entries.push(entry)
    if (type === 'directory') this.#directories.set(stat.path, entry)
    const isOtherName = type === 'file' && this.#asked.has(targetOf(entry))
    if (before !== null && isSameFile(before, entry) && !isOtherName) return false
    return this.#replace(entry, type, before)
  }

  async #replace(
    entry: KeptEntry,
    type: Exclude<FileType, 'socket' | 'other'>,
    before: KeptEntry | null,
  ): Promise<boolean> {
    const { path, link } = entry
    this.#touch(path)
    if (type === 'directory') {
      this.#touched.add(path)
      const wasDirectory = before !== null && typeOf(before.mode) === 'directory'
      if (!wasDirectory) await this.#change({ kind: 'directory', path })
      return false
    }
    // What was in it goes with it.
    if (before && typeOf(before.mode) === 'directory') this.#removed = path
    if (type === 'symlink') {
      await this.#change({ kind: 'symlink', path, target: link })
      return false
    }
    if (type !== 'file') {
      const { mode, time } = { mode: permissionsOf(entry.mode), time: seconds(entry.time) }
      await this.#change({ kind: 'node', path, type, device: entry.device ?? [0, 0], mode, time })
      return false
    }
    if (link !== '') {
      this.#links.push({ kind: 'link', path, target: this.#received(link, path) })
      return false
    }
    this.#asked.add(path)
    this.#open.set(path, { entry, received: 0, begun: false })
    return true
  }

  /** The target of another name of a file must be one that has come. */
  #received(link: string, path: string): string {
    const target = targetOf({ link })
    const found = this.#find(target)
    if (!found || typeOf(found.mode) !== 'file')
      throw new GantryError(
        'InvalidParameter',
        `${path} is a link to ${link}, which is no file of the context`,
      )
    return target
  }

  #find(path: string): KeptEntry | undefined {
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (comparePaths((this.#entries[middle] as KeptEntry).path, path) < 0) low = middle + 1
      else high = middle
    }
    return this.#entries[low]?.path === path ? this.#entries[low] : undefined
  }

  async data(path: string, data: Uint8Array): Promise<void> {
    const file = this.#open.get(path)
    if (!file) return
    await this.#change({ kind: 'file', path, first: !file.begun, data: [data] }, data.length)
    file.begun = true
    file.received += data.length
    this.#total += data.length
    this.#options.progress(this.#total)
  }

  async complete(path: string): Promise<void> {
    const file = this.#open.get(path)
    if (!file) return
    this.#open.delete(path)
    if (file.received !== file.entry.size) this.#odd.add(path)
    const end = { mode: permissionsOf(file.entry.mode), time: seconds(file.entry.time) }
    const last = this.#changes.at(-1)
    if (last?.kind === 'file' && last.path === path) last.end = end
    else await this.#change({ kind: 'file', path, first: !file.begun, data: [], end })
  }

  async listed(): Promise<void> {
    await this.#passUntil(null)
  }

  /** When everything has come: resolves to what the tree holds now. */
  async finish(): Promise<KeptEntry[]> {
    for (const change of this.#links) await this.#change(change)
    // What is deepest first: setting one changes nothing above it.
    for (const path of [...this.#touched].reverse()) {
      const entry = this.#directories.get(path)
      if (!entry) continue
      await this.#change({
        kind: 'attributes',
        path,
        mode: permissionsOf(entry.mode),
        time: seconds(entry.time),
      })
    }
    await this.#flush()
    await this.#applied
    return this.#entries.map((entry) => (this.#odd.has(entry.path) ? { ...entry, time: never } : entry))
  }

  /** Resolves when nothing is being changed any more, also after a failure. */
  async settled(): Promise<void> {
    await this.#applied?.catch(() => undefined)
  }

  get changed(): boolean {
    return this.#applied !== null
  }

  /** Takes out what stood before `path` and did not come again; the entry of that path, if there was one. */
  async #passUntil(path: string | null): Promise<KeptEntry | null> {
    const { known } = this.#options
    for (let entry = known[this.#next]; entry; entry = known[this.#next]) {
      const order = path === null ? -1 : comparePaths(entry.path, path)
      if (order > 0) return null
      this.#next++
      if (order === 0) return entry
      if (this.#isBelowRemoved(entry.path)) continue
      this.#touch(entry.path)
      this.#removed = entry.path
      await this.#change({ kind: 'remove', path: entry.path })
    }
    return null
  }

  #isBelowRemoved(path: string): boolean {
    return this.#removed !== '' && path.startsWith(`${this.#removed}/`)
  }

  #touch(path: string): void {
    const slash = path.lastIndexOf('/')
    if (slash > 0) this.#touched.add(path.slice(0, slash))
  }

  async #change(change: TreeChange, bytes = 0): Promise<void> {
    if (change.kind === 'file' && change.data.length > 0) {
      // A message's bytes are lent; a piece of the same file joins the one before.
      const copy = Buffer.from(change.data[0] as Uint8Array)
      const last = this.#changes.at(-1)
      if (last?.kind === 'file' && last.path === change.path && !last.end) last.data.push(copy)
      else this.#changes.push({ ...change, data: [copy] })
    } else this.#changes.push(change)
    this.#bytes += bytes + pieceCost
    if (this.#bytes >= batchBytes || this.#changes.length >= batchChanges) await this.#flush()
  }

  /** One batch is being applied while the next one is collected. */
  async #flush(): Promise<void> {
    if (this.#changes.length === 0) return
    const changes = this.#changes
    this.#changes = []
    this.#bytes = 0
    if (this.#applied) await this.#applied
    else await this.#options.begin()
    this.#applied = this.#options.apply(changes)
    this.#applied.catch(() => undefined) // the next one to wait hears of it
  }
}

/** What a file is another name of. */
const targetOf = ({ link }: Pick<KeptEntry, 'link'>): string => link.replace(/^\/+/, '')

const seconds = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1000n) / 1e6

const isSameFile = (a: KeptEntry, b: KeptEntry): boolean =>
  a.mode === b.mode &&
  a.link === b.link &&
  a.time === b.time &&
  String(a.device) === String(b.device) &&
  (a.size === b.size || typeOf(a.mode) === 'directory')
