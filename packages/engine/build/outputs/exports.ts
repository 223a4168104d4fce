/** Archives that running builds give out: each waits until the client fetches it, by a name that only that client hears. */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'

interface Offer {
  archive: Readable
  settle: PromiseWithResolvers<void>
}

export class Exports {
  readonly #offers = new Map<string, Offer>()

  /** Tells `announce` the name, and resolves when the archive has been taken whole. Rejects when `signal` is aborted. */
  async offer(archive: Readable, announce: (id: string) => void, signal: AbortSignal): Promise<void> {
    const id = randomUUID()
    const settle = Promise.withResolvers<void>()
    const giveUp = (): void => settle.reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    this.#offers.set(id, { archive, settle })
    try {
      signal.throwIfAborted()
      announce(id)
      await settle.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
      this.#offers.delete(id)
      archive.destroy()
    }
  }

  /** The archive of that name, once. Throws NotFound. */
  take(id: string): AsyncIterable<Buffer> {
    const offer = this.#offers.get(id)
    if (!offer) throw new GantryError('NotFound', `no such build output: ${id}`)
    this.#offers.delete(id)
    return taking(offer)
  }
}

async function* taking({ archive, settle }: Offer): AsyncGenerator<Buffer> {
  try {
    yield* archive as AsyncIterable<Buffer>
    settle.resolve()
  } catch (error) {
    settle.reject(error)
    throw error
  } finally {
    // Nothing to a build whose archive has been taken.
    settle.reject(new GantryError('Cancelled', 'the output of the build was not taken'))
  }
}
