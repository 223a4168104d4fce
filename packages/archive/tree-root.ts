/**
 * A directory tree that archives are unpacked into. The kernel resolves every path inside it (openat2 RESOLVE_IN_ROOT),
 * as a process chrooted there would; what an entry itself names is never followed. Others may change the tree meanwhile,
 * and may be hostile: what was made is changed through a descriptor of it. Synchronous: for a worker thread.
 */
import { chmodSync, closeSync, constants, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { bytesOfName } from '@gantry/oci'
import { createFileAt, makeDirectoryAt, openBeneath, openInRoot, SystemCallError } from '@gantry/syscall'
import { descriptorPath, pathOf } from './descriptor-path.ts'
import { removeFileAt, removeTreeAt } from './remove-tree.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants

/** Longest real path of a directory: below PATH_MAX with room for a name, so that whatever is made can be removed. */
const longestDirectory = 3700

/** Directories that are kept open: archives go through a tree in order, so a few are enough. */
const mostOpen = 64

export class TreeRoot {
  readonly #root: number
  /** By path, the oldest first. */
  readonly #directories = new Map<string, number>()
  /** What was asked for last, by identity: entries of one directory follow each other. */
  #latest: { path: readonly string[]; fd: number } | undefined
  readonly #implied = new Set<string>()

  /** Takes over the descriptor of the root directory. */
  constructor(root: number) {
    this.#root = root
  }

  /** A tree by its path. */
  static open(path: string): TreeRoot {
    return new TreeRoot(openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW))
  }

  close(): void {
    this.#forget()
    closeSync(this.#root)
  }

  /** Directories that were made because something is in them, and that got no entry of their own; parents first. */
  implied(): string[] {
    return [...this.#implied]
  }

  /** The directory has an entry of its own. */
  explicit(path: string): void {
    this.#implied.delete(path)
  }

  /**
   * An O_PATH descriptor of the directory, made with its parents when it is missing. It belongs to this object and is
   * valid until the next call.
   */
  directory(path: readonly string[]): number {
    if (path === this.#latest?.path) return this.#latest.fd
    const fd = this.#directory(path)
    this.#latest = { path, fd }
    return fd
  }

  #directory(path: readonly string[]): number {
    const text = path.join('/')
    const known = this.#directories.get(text)
    if (known !== undefined) return known
    const fd = this.#find(text) ?? this.#make(path, text)
    if (readlinkSync(descriptorPath(fd), 'buffer').length > longestDirectory) {
      closeSync(fd)
      throw new GantryError('InvalidParameter', `file name too long: ${text.slice(0, 80)}…`)
    }
    this.#makeRoom()
    this.#directories.set(text, fd)
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

  /** Opens a new file for writing, in the place of whatever has the name. The umask applies to the mode. */
  create(directory: number, name: Buffer, mode: number): number {
    for (let attempt = 1; ; attempt++) {
      const fd = createFileAt(directory, name, mode)
      if (fd !== null) return fd
      if (attempt === 100) throw new GantryError('Conflict', `${name.toString()} cannot be replaced`)
      this.remove(directory, name)
    }
  }

  /**
   * Runs `make`, which makes something under this name, in the place of whatever has it. Others may copy the same at the
   * same time.
   */
  replace(directory: number, name: Buffer, make: () => void): void {
    for (let attempt = 1; ; attempt++) {
      try {
        make()
        return
      } catch (error) {
        if (!isTaken(error) || attempt === 100) throw error
        this.remove(directory, name)
      }
    }
  }

  /** What is there under this name, itself and not what it points to; null when nothing is. */
  find(directory: number, name: Buffer): Stats | null {
    return lstatSync(pathOf(directory, name), { throwIfNoEntry: false }) ?? null
  }

  /** Removes whatever is there under this name. Throws SystemCallError EBUSY when something is mounted there. */
  remove(directory: number, name: Buffer): void {
    const found = this.find(directory, name)
    try {
      if (found?.isDirectory()) removeTreeAt(directory, name)
      else if (found) removeFileAt(directory, name)
    } catch (error) {
      // Somebody else was faster: another copy, or the container.
      if (!(error instanceof SystemCallError) || error.code !== 'ENOENT') throw error
    }
    // Paths may lead elsewhere now.
    if (found?.isDirectory() || found?.isSymbolicLink()) this.#forget(directory)
  }

  #find(path: string): number | null {
    try {
      return openInRoot(this.#root, bytesOfName(path || '.'), O_PATH | O_DIRECTORY)
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENOENT') return null
      throw error
    }
  }

  #make(path: readonly string[], text: string): number {
    const parent = this.directory(path.slice(0, -1))
    const name = bytesOfName(path.at(-1) as string)
    try {
      makeDirectoryAt(parent, name, 0o755)
    } catch (error) {
      const made = isTaken(error) ? this.#find(text) : null
      if (made === null) throw error
      return made
    }
    const fd = openBeneath(parent, name, O_PATH | O_DIRECTORY)
    chmodSync(descriptorPath(fd), 0o755)
    this.#implied.add(text)
    return fd
  }

  #makeRoom(): void {
    const [oldest] = this.#directories
    if (this.#directories.size < mostOpen || !oldest) return
    this.#latest = undefined
    closeSync(oldest[1])
    this.#directories.delete(oldest[0])
  }

  #forget(except?: number): void {
    this.#latest = undefined
    for (const [path, fd] of this.#directories) {
      if (fd === except) continue
      closeSync(fd)
      this.#directories.delete(path)
    }
  }
}

const isTaken = (error: unknown): boolean => error instanceof SystemCallError && error.code === 'EEXIST'
