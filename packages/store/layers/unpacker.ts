/** Turns the entries of a layer tar into files of an overlay lower directory. For a worker thread: it blocks. */
import { closeSync, fchmodSync, fchownSync, ftruncateSync, writeSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { bytesOfName, type TarEntry, type TarHeader, type Timestamp, whiteoutOf } from '@gantry/oci'
import {
  changeModeAt,
  changeOwnerAt,
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  NodeType,
  SystemCallError,
  setTimesAt,
  setXattr,
} from '@gantry/syscall'
import { type LayerRoot, pathOf } from './layer-root.ts'

/** The largest id; the next one, (uid_t)-1, means "leave as it is" to the kernel. */
const largestId = 0xfffffffe

export class Unpacker {
  readonly #root: LayerRoot
  /** Times of directories: filling them changes them, so they are set last. */
  readonly #directoryTimes = new Map<string, { path: string[]; time: Timestamp }>()
  /** Bytes of file content written. */
  size = 0

  constructor(root: LayerRoot) {
    this.#root = root
  }

  /** Adds one entry. Throws InvalidParameter or SystemCallError; then the whole layer is to be thrown away. */
  async add(entry: TarEntry): Promise<void> {
    const { header } = entry
    checkOwner(header)
    const path = partsOf(header.name)
    const last = path.pop()
    if (last === undefined) return this.#setRoot(header)
    const parent = this.#root.directory(path)
    const whiteout = whiteoutOf(last)
    if (whiteout.kind === 'remove') this.#hide(parent, bytesOfName(whiteout.name))
    else if (whiteout.kind === 'opaque') makeOpaque(parent, here)
    else if (whiteout.kind === 'none') await this.#place(entry, [...path, last], parent, bytesOfName(last))
  }

  /** Sets what had to wait for the last entry. */
  finish(): void {
    for (const { path, time } of this.#directoryTimes.values()) {
      const directory = this.#root.directory(path.slice(0, -1))
      const name = path.length === 0 ? here : bytesOfName(path.at(-1) as string)
      if (this.#root.find(directory, name)?.isDirectory()) setTimesAt(directory, name, time)
    }
  }

  async #place(entry: TarEntry, path: string[], parent: number, name: Buffer): Promise<void> {
    const { header } = entry
    switch (header.type) {
      case 'directory':
        this.#makeDirectory(parent, name)
        this.#directoryTimes.set(path.join('/'), { path, time: header.modified })
        return setMetadata(header, parent, name)
      case 'link':
        return this.#link(header, path.slice(0, -1), name)
      case 'file':
        this.#root.remove(parent, name)
        await this.#write(entry, this.#root.create(parent, name))
        break
      case 'symlink':
        this.#root.remove(parent, name)
        makeSymlinkAt(parent, name, bytesOfName(header.linkName))
        break
      default:
        this.#root.remove(parent, name)
        makeNodeAt(parent, name, NodeType[header.type], header.deviceMajor, header.deviceMinor)
    }
    setMetadata(header, parent, name)
    setTimesAt(parent, name, header.modified)
  }

  async #write(entry: TarEntry, fd: number): Promise<void> {
    try {
      let end = 0
      for await (const { offset, data } of entry.pieces()) {
        for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at, offset + at)
        end = offset + data.length
        this.size += data.length
      }
      if (end < entry.header.size) ftruncateSync(fd, entry.header.size)
      fchownSync(fd, entry.header.uid, entry.header.gid)
      fchmodSync(fd, entry.header.mode)
    } finally {
      closeSync(fd)
    }
  }

  /** A directory that is there already stays with its content; over a whiteout it hides what is below. */
  #makeDirectory(parent: number, name: Buffer): void {
    const found = this.#root.find(parent, name)
    if (found?.isDirectory()) return
    if (found) this.#root.remove(parent, name)
    makeDirectoryAt(parent, name, 0o700)
    if (found?.isCharacterDevice() && found.rdev === 0) makeOpaque(parent, name)
  }

  /** The target's directory is opened first: opening another one closes the one before. */
  #link(header: TarHeader, path: string[], name: Buffer): void {
    const target = partsOf(header.linkName)
    const targetName = target.pop()
    if (targetName === undefined) throw outside(header.linkName)
    if (target.join('/') === path.join('/') && bytesOfName(targetName).equals(name)) return
    const from = this.#root.directory(target)
    const held = this.#root.hold(from)
    try {
      const parent = this.#root.directory(path)
      this.#root.remove(parent, name)
      makeLinkAt(held, bytesOfName(targetName), parent, name)
    } finally {
      closeSync(held)
    }
  }

  /** A whiteout speaks of lower layers only: what this layer has under the name stays. */
  #hide(parent: number, name: Buffer): void {
    const found = this.#root.find(parent, name)
    if (found?.isDirectory()) makeOpaque(parent, name)
    else if (found === null) makeNodeAt(parent, name, NodeType.character, 0, 0)
  }

  #setRoot(header: TarHeader): void {
    if (header.type !== 'directory') throw outside(header.name)
    setMetadata(header, this.#root.directory([]), here)
    this.#directoryTimes.set('', { path: [], time: header.modified })
  }
}

const here = Buffer.from('.')

/** Path components with `.` and `..` worked out. Throws InvalidParameter for a path that leads out. */
function partsOf(name: string): string[] {
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw outside(name)
  }
  return parts
}

function outside(name: string): GantryError {
  return new GantryError('InvalidParameter', `${JSON.stringify(name)} is outside of the layer`)
}

function checkOwner({ name, uid, gid }: TarHeader): void {
  for (const id of [uid, gid]) {
    if (id < 0 || id > largestId) throw new GantryError('InvalidParameter', `${name}: invalid owner ${id}`)
  }
}

/** Owner, then attributes, then mode: changing the owner clears capabilities and setuid. */
function setMetadata(header: TarHeader, parent: number, name: Buffer): void {
  changeOwnerAt(parent, name, header.uid, header.gid)
  for (const [key, value] of header.xattrs) {
    if (isCarried(key)) setOrSkip(pathOf(parent, name), key, value)
  }
  if (header.type !== 'symlink') changeModeAt(parent, name, header.mode)
}

/** Attributes an image may set; the overlay's own and those of security modules are the host's. */
function isCarried(key: string): boolean {
  if (key.startsWith('user.')) return !key.startsWith('user.overlay.')
  return ['security.capability', 'system.posix_acl_access', 'system.posix_acl_default'].includes(key)
}

/** A file system without such attributes, or a symlink that cannot have them, is no reason to refuse an image. */
function setOrSkip(path: Buffer, key: string, value: Buffer): void {
  try {
    setXattr(path, key, value)
  } catch (error) {
    if (!(error instanceof SystemCallError) || !['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code))
      throw error
  }
}

function makeOpaque(parent: number, name: Buffer): void {
  setXattr(pathOf(parent, name), 'trusted.overlay.opaque', Buffer.from('y'))
}
