/**
 * A directory tree that archives are unpacked into. The kernel resolves every path inside it (openat2 RESOLVE_IN_ROOT),
 * as a process chrooted there would; what an entry itself names is never followed. Others may change the tree meanwhile,
 * and may be hostile: what was made is changed through a descriptor of it. Synchronous: for a worker thread.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs'
import { GantryError } from '@gantry/errors'
import { bytesOfName } from '@gantry/oci'
import { copyMetadata, makeDirectoryAt, openBeneath, openInRoot, SystemCallError } from '@gantry/syscall'
import { descriptorPath, pathOf } from './descriptor-path.ts'
import { removeFileAt, removeTreeAt } from './remove-tree.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants

/** Longest real path of a directory: below PATH_MAX with room for a name, so that whatever is made can be removed. */
const longestDirectory = 3700

export class TreeRoot {
  readonly #root: number
  /** Roots of the layers below, top first: where a directory that the archive leaves out may be known. */
  readonly #lower: number[]
  #last: { path: string; fd: number } | undefined

  /** Takes over the descriptors of the root directory and of those below it. */
  constructor(root: number, lower: number[] = []) {
    this.#root = root
    this.#lower = lower
  }

  /** A tree by its path. */
  static open(path: string, lower: readonly string[] = []): TreeRoot {
    const root = openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW)
    return new TreeRoot(
      root,
      lower.map((each) => openSync(each, O_PATH | O_DIRECTORY)),
    )
  }

  close(): void {
    this.#forget()
    for (const fd of [this.#root, ...this.#lower]) closeSync(fd)
  }

  /**
   * An O_PATH descriptor of the directory, made with its parents when it is missing. It belongs to this object and is
   * valid until the next call.
   */
  directory(path: readonly string[]): number {
    const text = path.join('/')
    if (this.#last?.path === text) return this.#last.fd
    this.#forget()
    const fd = this.#open(path) ?? this.#make(path)
    this.#forget()
    this.#last = { path: text, fd }
    if (readlinkSync(descriptorPath(fd), 'buffer').length > longestDirectory) {
      throw new GantryError('InvalidParameter', `file name too long: ${text.slice(0, 80)}…`)
    }
    return fd
  }

  /** A descriptor of the same directory that belongs to the caller. */
  hold(directory: number): number {
    return openBeneath(directory, '.', O_PATH | O_DIRECTORY)
  }

  /** An O_PATH descriptor, the caller's, of what is there under this name: itself and not what it points to. */
  open(directory: number, name: Buffer): number {
    return openBeneath(directory, name, O_PATH | O_NOFOLLOW)
  }

  /** Opens a new file for writing. Throws SystemCallError EEXIST. */
  create(directory: number, name: Buffer): number {
    return openBeneath(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
  }

  /** What is there under this name, itself and not what it points to; null when nothing is. */
  find(directory: number, name: Buffer): Stats | null {
    return lstatSync(pathOf(directory, name), { throwIfNoEntry: false }) ?? null
  }

  /** Removes whatever is there under this name. Throws SystemCallError EBUSY when something is mounted there. */
  remove(directory: number, name: Buffer): void {
    const found = this.find(directory, name)
    if (found?.isDirectory()) removeTreeAt(directory, name)
    else if (found) removeFileAt(directory, name)
  }

  #open(path: readonly string[]): number | null {
    try {
      return openInRoot(this.#root, bytesOfName(path.join('/') || '.'), O_PATH | O_DIRECTORY)
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENOENT') return null
      throw error
    }
  }

  #make(path: readonly string[]): number {
    const parent = this.directory(path.slice(0, -1))
    const name = bytesOfName(path.at(-1) as string)
    makeDirectoryAt(parent, name, 0o755)
    const fd = openBeneath(parent, name, O_PATH | O_DIRECTORY)
    chmodSync(descriptorPath(fd), 0o755)
    this.#inherit(path, fd)
    return fd
  }

  /** In an overlay the upper directory's owner and mode hide the lower one's: take them over. */
  #inherit(path: readonly string[], fd: number): void {
    for (const root of this.#lower) {
      const found = openOrNull(root, bytesOfName(path.join('/')))
      if (found === null) continue
      try {
        if (fstatSync(found).isDirectory()) copyMetadata(found, fd)
        return
      } finally {
        closeSync(found)
      }
    }
  }

  #forget(): void {
    if (this.#last) closeSync(this.#last.fd)
    this.#last = undefined
  }
}

function openOrNull(root: number, path: Buffer): number | null {
  try {
    return openInRoot(root, path, O_PATH | O_NOFOLLOW)
  } catch (error) {
    if (error instanceof SystemCallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return null
    throw error
  }
}
