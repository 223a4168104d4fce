import { statSync } from 'node:fs'

/** Milliseconds between two looks at every log. */
const interval = 1000
/** The first look at how fast it grows comes so many milliseconds after the start. */
const early = 100
/** Milliseconds between two looks at a log that grows fast. */
const shortest = 20

interface Watched {
  path: string
  maxBytes: number
  full: () => Promise<boolean>
  /** The last call has not settled it. */
  again: boolean
  size: number
  /** When `size` was read, in milliseconds. */
  at: number
  busy: boolean
  timer: NodeJS.Timeout | null
}

/**
 * Notices when files reach a size. A look takes microseconds and no thread, so hundreds of files cost next to nothing; a file
 * that would reach its size before the next look is looked at when it should.
 */
export class SizeWatch implements Disposable {
  readonly #watched = new Set<Watched>()
  #timer: NodeJS.Timeout | null = null

  /**
   * Calls `full` whenever the file has reached the size, one call at a time, and again a moment later when it resolves to
   * false. The result ends it.
   */
  add(path: string, maxBytes: number, full: () => Promise<boolean>): () => void {
    const watched: Watched = { path, maxBytes, full, again: false, size: 0, at: 0, busy: false, timer: null }
    this.#watched.add(watched)
    this.#timer ??= setInterval(() => this.#sweep(), interval).unref()
    this.#look(watched)
    this.#lookIn(watched, early)
    return () => this.#remove(watched)
  }

  #remove(watched: Watched): void {
    this.#watched.delete(watched)
    if (watched.timer) clearTimeout(watched.timer)
    if (this.#watched.size > 0 || !this.#timer) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #sweep(): void {
    for (const watched of this.#watched) this.#look(watched)
  }

  #look(watched: Watched): void {
    if (watched.busy) return
    const size = sizeOf(watched.path)
    const now = performance.now()
    if (size >= watched.maxBytes || watched.again) {
      watched.size = 0
      watched.at = now
      this.#tell(watched)
      return
    }
    const speed = (size - watched.size) / Math.max(now - watched.at, 1)
    watched.size = size
    watched.at = now
    const left = (watched.maxBytes - size) / speed
    if (speed > 0 && left < interval) this.#lookIn(watched, Math.max(left, shortest))
  }

  #lookIn(watched: Watched, milliseconds: number): void {
    if (watched.timer) clearTimeout(watched.timer)
    watched.timer = setTimeout(() => {
      if (this.#watched.has(watched)) this.#look(watched)
    }, milliseconds).unref()
  }

  #tell(watched: Watched): void {
    watched.busy = true
    const done = (settled: boolean) => {
      watched.busy = false
      watched.again = !settled
      if (settled && this.#watched.has(watched)) this.#look(watched)
    }
    watched.full().then(done, () => done(false))
  }

  [Symbol.dispose](): void {
    for (const watched of [...this.#watched]) this.#remove(watched)
  }
}

/** Zero for a file that is not there, or that cannot be looked at: a broken disk must not end the daemon from a timer. */
function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0
  } catch {
    return 0
  }
}
