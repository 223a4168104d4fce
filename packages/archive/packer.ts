/** Turns objects of a tree into the entries of an archive. For a worker thread: it blocks. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs'
import {
  type EntryType,
  endBlocks,
  entryBlocks,
  entryHeader,
  entryTypeOf,
  FirstNames,
  fileHeader,
  padding,
  sparseBlocks,
  type TarHeader,
  textOfName,
} from '@gantry/oci'
import { dataPieces, type IdMapping, insideId, readLinkOf, xattrsOf } from '@gantry/syscall'
import { isCarried } from './carried-xattrs.ts'
import { descriptorPath } from './descriptor-path.ts'
import type { Walked } from './walk.ts'

/** Where the archive goes. Both calls wait for whoever takes it. */
export interface Sink {
  write(bytes: Uint8Array): void
  /** Writes `length` bytes of an open file from its offset `position` on; zeros where it has become shorter. */
  writeFile(fd: number, position: number, length: number): void
}

export interface PackOptions {
  /** Times are cut to what every reader of archives knows. */
  wholeSeconds?: boolean
  /** Entries belong to those that the owners are in that namespace. */
  users?: IdMapping | undefined
  /** Seconds since 1970: what was modified later counts as modified then. */
  latest?: number | undefined
  /** Seconds since 1970: everything counts as modified then. */
  modified?: number | undefined
}

/** Holes of fewer bytes than that are written as zeros: not every reader of archives knows of holes. */
const leastHoles = 1024n * 1024n
/** The map of a file with more pieces would be larger than what it saves. */
const mostPieces = 50_000

export class Packer {
  readonly #sink: Sink
  readonly #options: PackOptions
  readonly #firstNames = new FirstNames()
  /** Bytes of files and symbolic links added, as Docker sizes a layer. */
  contentSize = 0

  constructor(sink: Sink, options: PackOptions = {}) {
    this.#sink = sink
    this.#options = options
  }

  /** Adds one object under a name without a slash at its end. Sockets have no entry. */
  add({ fd, info }: Pick<Walked, 'fd' | 'info'>, name: string): void {
    const type = entryTypeOf(info)
    if (type === null) return
    const header = headerOf(info, type, name, this.#options.users)
    header.modified = this.#time(header.modified)
    const first = this.#firstNames.of(info, header.name)
    if (first !== undefined) {
      this.#sink.write(entryBlocks({ ...header, type: 'link', linkName: first, size: 0 }))
      return
    }
    header.xattrs = xattrsOf(fd, isCarried)
    if (type === 'file') {
      this.#addFile(fd, header)
      return
    }
    if (type === 'symlink') {
      const target = readLinkOf(fd)
      header.linkName = textOfName(target)
      this.contentSize += target.length
    }
    this.#sink.write(entryBlocks(header))
  }

  #time({ seconds, nanoseconds }: TarHeader['modified']): TarHeader['modified'] {
    const { wholeSeconds, latest, modified } = this.#options
    if (modified !== undefined) return { seconds: modified, nanoseconds: 0 }
    if (latest !== undefined && seconds >= latest) return { seconds: latest, nanoseconds: 0 }
    return { seconds, nanoseconds: wholeSeconds ? 0 : nanoseconds }
  }

  /** A directory that is no object of the tree. */
  addDirectory(name: string): void {
    const modified = this.#time({ seconds: 0, nanoseconds: 0 })
    this.#sink.write(entryBlocks(entryHeader({ name: `${name}/`, type: 'directory', modified })))
  }

  /** An empty file: a mark, such as a whiteout. */
  addMark(name: string): void {
    this.#sink.write(entryBlocks(entryHeader({ name, type: 'file', mode: 0o600 })))
  }

  finish(): void {
    this.#sink.write(endBlocks)
  }

  #addFile(object: number, header: TarHeader): void {
    if (header.size === 0) {
      this.#sink.write(entryBlocks(header))
      return
    }
    const fd = openSync(descriptorPath(object), constants.O_RDONLY)
    try {
      const info = fstatSync(fd, { bigint: true })
      header.size = Number(info.size)
      this.contentSize += header.size
      if (info.size - info.blocks * 512n >= leastHoles) this.#addSparse(fd, header)
      else this.#addWhole(fd, header)
    } finally {
      closeSync(fd)
    }
  }

  #addWhole(fd: number, header: TarHeader): void {
    this.#sink.write(entryBlocks(header))
    this.#sink.writeFile(fd, 0, header.size)
    this.#pad(header.size)
  }

  #addSparse(fd: number, header: TarHeader): void {
    const pieces = dataPieces(fd, header.size, mostPieces)
    const { blocks, stored } = sparseBlocks(header, pieces)
    this.#sink.write(blocks)
    for (const { offset, length } of pieces) this.#sink.writeFile(fd, offset, length)
    this.#pad(stored)
  }

  #pad(size: number): void {
    if (padding(size) > 0) this.#sink.write(endBlocks.subarray(0, padding(size)))
  }
}

/** The header that an object has in an archive, but for where a link points to; null for a socket. */
export function describeObject(fd: number, info: BigIntStats, name: string): TarHeader | null {
  const type = entryTypeOf(info)
  return type && { ...headerOf(info, type, name), xattrs: xattrsOf(fd, isCarried) }
}

function headerOf(info: BigIntStats, type: EntryType, name: string, users?: IdMapping): TarHeader {
  const header = fileHeader(info, type, name)
  if (users) {
    header.uid = insideId(header.uid, users.uids)
    header.gid = insideId(header.gid, users.gids)
  }
  // The one name that is the same everywhere.
  if (header.uid === 0) header.userName = 'root'
  if (header.gid === 0) header.groupName = 'root'
  return header
}
