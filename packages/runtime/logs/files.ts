/**
 * The files of one log. conmon writes `<path>`; what was rotated away is `<path>.<number>`, numbered upwards from 1 in the
 * order of writing and never renamed again, later compressed to `<path>.<number>.gz`.
 */
import { renameSync } from 'node:fs'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What must be known of a log beside its files. */
export interface LogState {
  /** The newest file that was rotated away, and that nobody writes any more; 0 before the first rotation. */
  rotated: number
  /** A rotation to this number was begun, and nobody knows how far it came. */
  rotating?: number
  /** Files up to this one have been emptied by the user. */
  cleared?: number
}

export interface OpenedFile {
  file: FileHandle
  compressed: boolean
}

/** There is one of these for each log, so that readers hear of rotations. */
export class LogFiles {
  readonly path: string
  /** The number that the file at `path` will get when it is rotated away. */
  #current: number
  /** The newest file that nobody writes any more: one less than the current, but during a rotation. */
  #settled: number
  #cleared: number
  readonly #listeners = new Set<() => void>()

  constructor(path: string, { rotated, cleared = 0 }: LogState = { rotated: 0 }) {
    this.path = path
    this.#settled = rotated
    this.#current = rotated + 1
    this.#cleared = cleared
  }

  get current(): number {
    return this.#current
  }

  /** conmon may not have noticed yet that its file was renamed. */
  get isRotating(): boolean {
    return this.#settled < this.#current - 1
  }

  get cleared(): number {
    return this.#cleared
  }

  /** Whether nothing more will be written to a file. */
  isSettled(number: number): boolean {
    return number <= this.#settled
  }

  /** Where a file is once it has been rotated away, and once it has been compressed. */
  rotatedPath(number: number): string {
    return `${this.path}.${number}`
  }
  compressedPath(number: number): string {
    return `${this.path}.${number}.gz`
  }

  /** Moves the present file away. Nobody sees a moment at which number and name do not fit. */
  moveAway(): void {
    renameSync(this.path, this.rotatedPath(this.#current))
    this.#current++
    this.#tell()
  }

  /** For a daemon that finds the present file moved away by an earlier one. */
  foundMovedAway(): void {
    this.#current++
  }

  /** The writer has let go of the file that was moved away. */
  settle(): void {
    this.#settled = this.#current - 1
    this.#tell()
  }

  /** Hides every file up to this one from readers. */
  clear(number: number): void {
    this.#cleared = number
    this.#tell()
  }

  /** Calls back after each change; the result ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Opens a file under whatever name it has now. Null when it is gone, or not there yet. */
  async open(number: number): Promise<OpenedFile | null> {
    for (;;) {
      const isCurrent = number === this.#current
      const file = await openFile(isCurrent ? this.path : this.rotatedPath(number))
      if (isCurrent && number !== this.#current) {
        await file?.close()
        continue
      }
      if (file) return { file, compressed: false }
      const packed = isCurrent ? null : await openFile(this.compressedPath(number))
      return packed && { file: packed, compressed: true }
    }
  }

  /** Numbers of the rotated files that are there, oldest first, also of cleared ones. */
  async rotated(): Promise<number[]> {
    const prefix = `${basename(this.path)}.`
    const names = await readdir(dirname(this.path)).catch(() => [])
    const numbers = names
      .filter((name) => name.startsWith(prefix))
      .map((name) => /^(\d{1,15})(\.gz)?$/.exec(name.slice(prefix.length))?.[1])
      .filter((text) => text !== undefined)
    return [...new Set(numbers.map(Number))].sort((a, b) => a - b)
  }

  /** The files that readers see, oldest first; the last is the one that conmon writes. */
  async readable(): Promise<number[]> {
    return (await this.all()).filter((number) => number > this.#cleared)
  }

  /** With those that were cleared and are still there. */
  async all(): Promise<number[]> {
    // What is rotated away while the names are read is still found by its number.
    const current = this.#current
    const rotated = await this.rotated()
    return [...rotated.filter((number) => number < current), current]
  }

  /** Removes a rotated file, compressed or not. */
  async remove(number: number): Promise<void> {
    await rm(this.rotatedPath(number), { force: true })
    await rm(this.compressedPath(number), { force: true })
  }

  /** Removes what an interrupted rotation or compression has left half done. */
  async removeUnfinished(): Promise<void> {
    const directory = dirname(this.path)
    const prefix = `${basename(this.path)}.`
    const names = await readdir(directory).catch(() => [])
    const unfinished = names.filter((name) => name.startsWith(prefix) && name.endsWith('.tmp'))
    await Promise.all(unfinished.map((name) => rm(join(directory, name), { force: true })))
  }
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
