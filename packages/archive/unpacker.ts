/** Turns the entries of an archive into files of a tree. For a worker thread: it blocks. */
import { closeSync, ftruncateSync, writeSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { bytesOfName, type TarEntry, type TarHeader, whiteoutOf } from '@gantry/oci'
import {
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  NodeType,
  setTimesAt,
  setTimesOf,
  setXattrOf,
} from '@gantry/syscall'
import { checkOwner, EntryMetadata, type Ownership } from './entry-metadata.ts'
import type { TreeRoot } from './tree-root.ts'

/** How entries are to be taken. The default is a layer's: from the root, whiteouts meant as such, the last one wins. */
export interface UnpackOptions extends Ownership {
  /** The directory that entries are relative to. It is to be there. */
  into?: string
  /** Names of whiteouts are names like any other, and the entry of `into` itself says nothing: `docker cp`. */
  plain?: boolean
  /** Refuse to replace a directory by something else, and the reverse. */
  keepKinds?: boolean
  /** Bytes that files may have, holes included, and what is said when there are more. */
  most?: { bytes: number; message: string }
}

/** More than any image has; they bound what a small archive can make of a disk and of this thread's memory. */
const mostEntries = 5_000_000
const mostDirectories = 500_000

export class Unpacker {
  readonly #root: TreeRoot
  readonly #options: UnpackOptions
  readonly #metadata: EntryMetadata
  readonly #into: string[]
  /**
   * Directories by path. Filling them changes their times, so those are set last; in a new tree also owner, mode and
   * attributes: what a directory hands down (its group, its default ACL) is not for the entries of an archive.
   */
  readonly #directories = new Map<string, { path: string[]; header: TarHeader }>()
  /** The directory of the latest entry: as the archive names it, and worked out. */
  #latest: { prefix: string; path: readonly string[]; inTree: readonly string[] }
  #entries = 0
  #announced = 0
  /** Bytes of files and symbolic links written, as Docker sizes a layer. */
  size = 0

  constructor(root: TreeRoot, options: UnpackOptions = {}) {
    this.#root = root
    this.#options = options
    this.#metadata = new EntryMetadata(root, options)
    this.#into = (options.into ?? '').split('/').filter((part) => part !== '' && part !== '.')
    this.#latest = { prefix: '', path: [], inTree: this.#into }
  }

  /** Adds one entry. Throws InvalidParameter or SystemCallError; what has been unpacked until then stays. */
  async add(entry: TarEntry): Promise<void> {
    const { header } = entry
    if (++this.#entries > mostEntries) throw tooMany('entries', mostEntries)
    this.#checkSize(header)
    checkOwner(header)
    const { path, inTree, last } = this.#placeOf(header.name)
    if (last === undefined) return this.#setRoot(header)
    const parent = this.#root.directory(inTree)
    const whiteout = this.#options.plain ? noWhiteout : whiteoutOf(last)
    if (whiteout.kind === 'remove') this.#hide(parent, bytesOfName(whiteout.name))
    else if (whiteout.kind === 'opaque') makeOpaque(this.#root, parent, here)
    else if (whiteout.kind === 'none') await this.#place(entry, path, last, parent)
  }

  #checkSize({ type, size }: TarHeader): void {
    const { most } = this.#options
    if (type === 'file') this.#announced += size
    if (most && this.#announced > most.bytes) throw new GantryError('InvalidParameter', most.message)
  }

  /** Sets what had to wait for the last entry. */
  finish(): void {
    for (const { path, header } of this.#directories.values()) {
      const directory = this.#directory(path.slice(0, -1))
      const name = path.length === 0 ? here : bytesOfName(path.at(-1) as string)
      if (!this.#root.find(directory, name)?.isDirectory()) continue
      if (!this.#options.plain) this.#metadata.setAt(header, directory, name)
      setTimesAt(directory, name, header.modified)
    }
  }

  #record(path: string[], header: TarHeader): void {
    const text = path.join('/')
    this.#root.explicit(text)
    this.#directories.set(text, { path, header })
    if (this.#directories.size > mostDirectories) throw tooMany('directories', mostDirectories)
  }

  /** Most entries lie where the one before does. */
  #placeOf(name: string): { path: readonly string[]; inTree: readonly string[]; last: string | undefined } {
    const slash = name.lastIndexOf('/') + 1
    const last = name.slice(slash)
    if (last === '' || last === '.' || last === '..') {
      const path = partsOf(name)
      const base = path.pop()
      return { path, inTree: [...this.#into, ...path], last: base }
    }
    const prefix = name.slice(0, slash)
    if (prefix !== this.#latest.prefix) {
      const path = partsOf(prefix, name)
      this.#latest = { prefix, path, inTree: [...this.#into, ...path] }
    }
    return { path: this.#latest.path, inTree: this.#latest.inTree, last }
  }

  #directory(path: readonly string[]): number {
    return this.#root.directory([...this.#into, ...path])
  }

  async #place(entry: TarEntry, path: readonly string[], last: string, parent: number): Promise<void> {
    const { header } = entry
    const name = bytesOfName(last)
    if (this.#options.keepKinds) this.#refuseOtherKind(header, [...path, last], parent, name)
    switch (header.type) {
      case 'directory':
        this.#makeDirectory(parent, name)
        if (this.#options.plain) this.#metadata.setAt(header, parent, name)
        return this.#record([...path, last], header)
      case 'link':
        return this.#link(header, path, name)
      case 'file':
        return this.#write(entry, this.#root.create(parent, name, header.mode & 0o777))
      case 'symlink': {
        const target = bytesOfName(header.linkName)
        this.#root.replace(parent, name, () => makeSymlinkAt(parent, name, target))
        this.size += target.length
        break
      }
      default: {
        const type = NodeType[header.type]
        this.#root.replace(parent, name, () =>
          makeNodeAt(parent, name, type, header.deviceMajor, header.deviceMinor),
        )
      }
    }
    this.#metadata.setAt(header, parent, name)
    setTimesAt(parent, name, header.modified)
  }

  async #write(entry: TarEntry, fd: number): Promise<void> {
    const { size, modified } = entry.header
    try {
      let end = 0
      const whole = entry.whole()
      if (whole) end = this.#writePiece(fd, 0, whole)
      else {
        for await (const { offset, data } of entry.pieces()) {
          end = this.#writePiece(fd, offset, data)
        }
      }
      if (end < size) ftruncateSync(fd, size)
      this.size += size
      this.#metadata.setOf(fd, entry.header, !this.#options.plain)
      setTimesOf(fd, modified)
    } finally {
      closeSync(fd)
    }
  }

  /** Returns where the piece ends. */
  #writePiece(fd: number, offset: number, data: Buffer): number {
    for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at, offset + at)
    return offset + data.length
  }

  /** A directory that is there already stays with its content; over a whiteout it hides what is below. */
  #makeDirectory(parent: number, name: Buffer): void {
    const found = this.#root.find(parent, name)
    if (found?.isDirectory()) return
    this.#root.replace(parent, name, () => {
      if (!this.#root.find(parent, name)?.isDirectory()) makeDirectoryAt(parent, name, 0o700)
    })
    const hides = !this.#options.plain && found?.isCharacterDevice() && found.rdev === 0
    if (hides) makeOpaque(this.#root, parent, name)
  }

  /** The target's directory is opened first: opening another one closes the one before. */
  #link(header: TarHeader, path: readonly string[], name: Buffer): void {
    const target = partsOf(header.linkName)
    const targetName = target.pop()
    if (targetName === undefined) throw outside(header.linkName)
    if (target.join('/') === path.join('/') && bytesOfName(targetName).equals(name)) return
    const from = this.#directory(target)
    const held = this.#root.hold(from)
    try {
      const parent = this.#directory(path)
      this.#root.replace(parent, name, () => makeLinkAt(held, bytesOfName(targetName), parent, name))
    } finally {
      closeSync(held)
    }
  }

  /** A whiteout speaks of lower layers only: what this layer has under the name stays. */
  #hide(parent: number, name: Buffer): void {
    const found = this.#root.find(parent, name)
    if (found?.isDirectory()) makeOpaque(this.#root, parent, name)
    else if (found === null) makeNodeAt(parent, name, NodeType.character, 0, 0)
  }

  #setRoot(header: TarHeader): void {
    if (header.type !== 'directory') throw outside(header.name)
    if (this.#options.plain) return
    this.#record([], header)
  }

  #refuseOtherKind(header: TarHeader, path: string[], parent: number, name: Buffer): void {
    const found = this.#root.find(parent, name)
    if (!found || found.isDirectory() === (header.type === 'directory')) return
    const into = `/${this.#into.join('/')}`
    const place = JSON.stringify(`${into === '/' ? '' : into}/${path.join('/')}`)
    const [what, by] = found.isDirectory() ? ['directory', 'non-directory'] : ['non-directory', 'directory']
    const message = `cannot overwrite ${what} ${place} with ${by} ${JSON.stringify(into)}`
    throw new GantryError('InvalidParameter', message)
  }
}

const here = Buffer.from('.')
const noWhiteout = { kind: 'none' } as const

/** Path components with `.` and `..` worked out. Throws InvalidParameter for a path that leads out, told as `whole`. */
function partsOf(name: string, whole = name): string[] {
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw outside(whole)
  }
  return parts
}

function outside(name: string): GantryError {
  return new GantryError('InvalidParameter', `${JSON.stringify(name)} is outside of the layer`)
}

function tooMany(what: string, most: number): GantryError {
  return new GantryError('InvalidParameter', `archive has more than ${most} ${what}`)
}

function makeOpaque(root: TreeRoot, parent: number, name: Buffer): void {
  const fd = root.open(parent, name)
  try {
    setXattrOf(fd, 'trusted.overlay.opaque', Buffer.from('y'))
  } finally {
    closeSync(fd)
  }
}
