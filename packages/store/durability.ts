/**
 * When a blob or an unpacked layer is known to be on disk. Waiting for that with each would take seconds on a busy disk;
 * so it says in which boot of the machine it was written until a sync in the background has made it durable. After a
 * reboot, a layer that still says so is unpacked again from its blob, and such a blob is verified before it is used.
 */
import { open, readFile } from 'node:fs/promises'
import { syncFileSystem } from '@gantry/syscall'

/** Milliseconds without something new before the sync begins: the kernel has written most of it by then. */
const quietTime = 10_000

/** The kernel's name of this boot. */
export async function currentBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** Syncs the file system of a directory a while after the last `changed()`, then calls `settled` with what had changed. */
export class Durability<T> {
  readonly #directory: string
  readonly #settled: (items: T[]) => Promise<void>
  #waiting: T[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(directory: string, settled: (items: T[]) => Promise<void>) {
    this.#directory = directory
    this.#settled = settled
  }

  changed(item: T): void {
    this.#waiting.push(item)
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#sync(), quietTime).unref()
  }

  /** A failed sync leaves everything as not durable; the next change tries again. */
  async #sync(): Promise<void> {
    this.#timer = null
    const items = this.#waiting
    this.#waiting = []
    try {
      await using directory = await open(this.#directory, 'r')
      await syncFileSystem(directory.fd)
      await this.#settled(items)
    } catch {
      this.#waiting.push(...items)
    }
  }
}
