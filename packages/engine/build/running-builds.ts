/** Builds that clients have given an id: to cancel them, and to bring them a context in a request of its own. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'

/** How long an upload and its build wait for each other, in milliseconds. */
const patience = 30_000

/** Builds that were refused and whose uploads are still expected. */
const mostRefused = 1000

interface Upload {
  archive: Readable
  read: PromiseWithResolvers<void>
}

export class RunningBuilds {
  readonly #builds = new Map<string, AbortController>()
  readonly #uploads = new Map<string, Upload>()
  readonly #arrivals = new EventTarget()
  readonly #refused = new Set<string>()

  /** A build runs until it is disposed of; its signal is aborted by `cancel`. */
  begin(id: string | undefined): Disposable & { signal: AbortSignal } {
    const abort = new AbortController()
    if (id !== undefined) this.#builds.set(id, abort)
    return {
      signal: abort.signal,
      [Symbol.dispose]: () => {
        if (id !== undefined && this.#builds.get(id) === abort) this.#builds.delete(id)
      },
    }
  }

  cancel(id: string): void {
    this.#builds.get(id)?.abort(new GantryError('Cancelled', 'the build was cancelled'))
  }

  /** Nobody waits for the upload of that build any more, be it here or a moment away. */
  refuse(id: string): void {
    this.#uploads.get(id)?.read.reject(notWanted(id))
    // The oldest has most likely come already, or never will.
    const [oldest] = this.#refused
    if (this.#refused.size >= mostRefused && oldest !== undefined) this.#refused.delete(oldest)
    this.#refused.add(id)
    setTimeout(() => this.#refused.delete(id), patience).unref()
  }

  /** Offers an archive to the build of that id; resolves when it has been read. */
  async upload(id: string, archive: Readable, signal: AbortSignal): Promise<void> {
    if (this.#uploads.has(id)) throw new GantryError('Conflict', `build ${id} has an upload already`)
    if (this.#refused.has(id)) throw notWanted(id)
    const upload = { archive, read: Promise.withResolvers<void>() }
    this.#uploads.set(id, upload)
    this.#arrivals.dispatchEvent(new Event(id))
    const give = (): void => upload.read.reject(notWanted(id))
    const timer = setTimeout(() => {
      if (this.#uploads.get(id) === upload) give()
    }, patience)
    signal.addEventListener('abort', give, { once: true })
    try {
      await upload.read.promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', give)
      if (this.#uploads.get(id) === upload) this.#uploads.delete(id)
    }
  }

  /** Reads the archive that is uploaded for a build. Rejects with NotFound when none comes. */
  async uploaded<T>(id: string, read: (archive: Readable) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (!this.#uploads.has(id))
      await once(this.#arrivals, id, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      }).catch(() => {
        throw new GantryError('NotFound', 'the build context was not uploaded')
      })
    const upload = this.#uploads.get(id)
    if (!upload) throw new GantryError('NotFound', 'the build context was not uploaded')
    this.#uploads.delete(id)
    try {
      return await read(upload.archive)
    } finally {
      upload.read.resolve()
    }
  }
}

const notWanted = (id: string): GantryError =>
  new GantryError('NotFound', `no build ${id} waits for an upload`)
