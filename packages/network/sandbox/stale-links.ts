import { interfaceIndex, type Rtnetlink, SystemCallError } from '@gantry/syscall'

/** Milliseconds that the kernel gets to remove a link by itself, together with its namespace. */
const grace = 300

/**
 * Host ends of pairs whose containers are gone. The kernel removes them along with the namespace, on its own time; where
 * something still holds the namespace (a container that joined it), we do, without stopping the daemon for it.
 */
export class StaleLinks {
  readonly #rtnetlink: Rtnetlink
  readonly #log: (message: string) => void
  readonly #waiting = new Map<NodeJS.Timeout, string>()
  readonly #removals = new Set<Promise<void>>()

  constructor(rtnetlink: Rtnetlink, log: (message: string) => void) {
    this.#rtnetlink = rtnetlink
    this.#log = log
  }

  /** Makes sure that the link is gone soon. */
  expect(name: string): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      void this.remove(name)
    }, grace)
    timer.unref()
    this.#waiting.set(timer, name)
  }

  /** Removes the link if it is there. Never rejects. */
  remove(name: string): Promise<void> {
    if (interfaceIndex(name) === undefined) return Promise.resolve()
    const removal = this.#rtnetlink.deleteLinkInBackground(name).catch((error: unknown) => {
      if (error instanceof SystemCallError && error.code === 'ENODEV') return
      this.#log(`cannot remove the interface ${name}: ${error}`)
    })
    this.#removals.add(removal)
    return removal.finally(() => this.#removals.delete(removal))
  }

  /** Removes at once what was still being waited for. */
  async settle(): Promise<void> {
    for (const [timer, name] of this.#waiting) {
      clearTimeout(timer)
      void this.remove(name)
    }
    this.#waiting.clear()
    await Promise.all(this.#removals)
  }
}
