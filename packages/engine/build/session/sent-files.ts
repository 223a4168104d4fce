/** A small context that its client has sent in one piece, in the place of a session: the same questions, answered here. */
import type { Readable } from 'node:stream'
import {
  comparePaths,
  type FileSink,
  type FileStat,
  type FilesRequest,
  type FileType,
  goMode,
  HardLinks,
  PathOrder,
  type SessionDescription,
  typeOf,
} from '@gantry/buildkit'
import { type ListedEntry, type Listing, selected } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { type SentDocument, type SentFile, sentDocument } from './sent-document.ts'

interface Entry extends ListedEntry {
  stat: FileStat
  data: Buffer
  /** Of a file: the first of its names. */
  file: string | null
}

export class SentFiles {
  readonly description: SessionDescription
  readonly #texts: readonly Entry[]
  readonly #context: Listing<Entry>

  /** Reads the body of a request. Rejects with InvalidParameter when it is no such context. */
  static async read(body: Readable): Promise<SentFiles> {
    return new SentFiles(await sentDocument(body))
  }

  constructor({ key, name, texts, files }: SentDocument) {
    this.description = { id: '', name, sharedKey: key, methods: [] }
    this.#texts = Object.entries(texts)
      .sort(([a], [b]) => comparePaths(a, b))
      .map(([path, text]) => textEntry(path, Buffer.from(text)))
    this.#context = listingOf(entriesOf(files))
  }

  /** Hands over what is asked for of a directory. Resolves to the bytes of content. */
  async receiveFiles(request: FilesRequest, sink: FileSink, signal: AbortSignal): Promise<number> {
    const wanted: Entry[] = []
    const links = new HardLinks()
    for (const entry of this.#entries(request)) {
      signal.throwIfAborted()
      // Of its names, the first one that is asked for may be another.
      const stat = links.told(entry.stat, entry.file)
      if ((await sink.entry(stat)) && entry.type === 'file' && stat.linkname === '') wanted.push(entry)
    }
    await sink.listed?.()
    let received = 0
    for (const { stat, data } of wanted) {
      if (data.length > 0) await sink.data(stat.path, data)
      await sink.complete(stat.path)
      received += data.length
    }
    return received
  }

  /** It was sent because the build has no secrets, */
  async secret(): Promise<null> {
    return null
  }

  /** and no agents. */
  async agent(): Promise<null> {
    return null
  }

  #entries(request: FilesRequest): Iterable<Entry> {
    if (request.directory === 'dockerfile') return this.#texts
    if (request.directory === 'context') return selected(this.#context, request)
    throw new GantryError('InvalidParameter', `no access allowed to dir ${JSON.stringify(request.directory)}`)
  }
}

/** What this form can tell of: it has no numbers of devices. */
const listedTypes = new Map<FileType, Entry['type']>([
  ['file', 'file'],
  ['directory', 'directory'],
  ['symlink', 'symlink'],
  ['fifo', 'node'],
])

/** Throws InvalidParameter for another name of what is no file told before it. */
function entriesOf(files: readonly SentFile[]): Entry[] {
  const named = new Map<string, Entry>()
  return files.map((sent) => {
    const entry = entryOf(sent)
    if (entry.type !== 'file') return entry
    const { path } = sent
    const first = sent.link === '' ? entry : named.get(sent.link)
    if (!first)
      throw new GantryError(
        'InvalidParameter',
        `${path} is a link to ${sent.link}, which is no file of the context`,
      )
    if (first === entry) named.set(path, entry)
    return { ...first, stat: { ...first.stat, path } }
  })
}

function entryOf({ path, mode, size, time, link, data }: SentFile): Entry {
  const type = listedTypes.get(typeOf(mode)) ?? 'other'
  const target = type === 'symlink' ? link : ''
  const content = type === 'file' ? Buffer.from(data, 'base64').subarray(0, size) : Buffer.alloc(0)
  return {
    type,
    target,
    stat: statOf({ path, mode, size, modTime: BigInt(time), linkname: target }),
    data: content,
    file: type === 'file' ? path : null,
  }
}

function textEntry(path: string, data: Buffer): Entry {
  const stat = statOf({ path, mode: goMode('file', 0o644), size: data.length, modTime: 0n, linkname: '' })
  return { type: 'file', target: '', stat, data, file: null }
}

const statOf = (stat: Pick<FileStat, 'path' | 'mode' | 'size' | 'modTime' | 'linkname'>): FileStat => ({
  ...stat,
  uid: 0,
  gid: 0,
  devmajor: 0,
  devminor: 0,
  xattrs: new Map(),
})

/** Throws InvalidParameter for a path that is out of order, or no path of a tree. */
function listingOf(entries: readonly Entry[]): Listing<Entry> {
  const order = new PathOrder()
  const byPath = new Map<string, Entry>()
  const names = new Map<string, string[]>()
  for (const entry of entries) {
    const { path } = entry.stat
    order.accept(path, entry.type === 'directory')
    byPath.set(path, entry)
    const slash = path.lastIndexOf('/')
    const parent = slash < 0 ? '' : path.slice(0, slash)
    const siblings = names.get(parent) ?? []
    names.set(parent, siblings)
    siblings.push(path.slice(slash + 1))
  }
  return { names: (directory) => names.get(directory) ?? [], entry: (path) => byPath.get(path) ?? null }
}
