/** The directories where conmon records how processes ended, watched by inotify. */
import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What conmon recorded: the exit code (128 + signal for a killed process), and when. */
export interface ExitRecord {
  exitCode: number
  finishedAt: Date
}

/** Reads one exit file. Null when there is none (yet). Rejects when that cannot be told, for want of descriptors (EMFILE), say. */
async function readExit(path: string): Promise<ExitRecord | null> {
  try {
    const [text, { mtime }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const exitCode = Number(text.trim() || Number.NaN)
    return Number.isInteger(exitCode) ? { exitCode, finishedAt: mtime } : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * Waits for exit files of one directory. conmon writes each under another name and renames it, so a file is whole when
 * its name appears. `rescan` finds what an overflowing or failing watch has missed.
 */
export class ExitDirectory implements Disposable {
  readonly #directory: string
  readonly #waiting = new Map<string, (record: ExitRecord) => void>()
  readonly #watcher: FSWatcher

  /** The directory must exist. */
  constructor(directory: string) {
    this.#directory = directory
    this.#watcher = watch(directory, (_event, name) => {
      if (name && this.#waiting.has(name)) void this.#check(name)
    })
    this.#watcher.on('error', () => {})
  }

  /** Calls back once, when the exit of `name` is recorded; soon, when it is already. Returns how to stop waiting. */
  wait(name: string, found: (record: ExitRecord) => void): () => void {
    this.#waiting.set(name, found)
    void this.#check(name)
    return () => {
      if (this.#waiting.get(name) === found) this.#waiting.delete(name)
    }
  }

  /** Whether the exit of `name` is recorded. Rejects when a record cannot be read. */
  async has(name: string): Promise<boolean> {
    return (await readExit(this.pathOf(name))) !== null
  }

  pathOf(name: string): string {
    return join(this.#directory, name)
  }

  /** Looks for every exit that is waited for. */
  async rescan(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((name) => this.#check(name)))
  }

  async forget(name: string): Promise<void> {
    this.#waiting.delete(name)
    await unlink(this.pathOf(name)).catch(() => {})
  }

  /** Never rejects: a record that cannot be read now is left to the next `rescan`. */
  async #check(name: string): Promise<void> {
    const found = this.#waiting.get(name)
    const record = found && (await readExit(this.pathOf(name)).catch(() => null))
    // Whoever waits under the name by now waits for another run.
    if (!record || this.#waiting.get(name) !== found) return
    this.#waiting.delete(name)
    found(record)
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
    this.#waiting.clear()
  }
}
