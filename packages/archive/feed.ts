/** Gives a thread the bytes of an archive as it asks for them, from the daemon's side. */
import type { Readable } from 'node:stream'
import { decompressRare } from '@gantry/oci'
import type { ToWorker } from './messages.ts'

/** Bytes of an upload that wait for the thread, at most, and one piece more. */
const mostGathered = 1024 * 1024
/** A piece below this is copied: to hand its memory over would cost more. */
const worthHandingOver = 4096

type Post = (message: ToWorker, transfer: ArrayBuffer[]) => void

/** What comes while the thread works is gathered, so that a fast source is handed over in large steps. */
export class Feed {
  readonly #post: Post
  #wanted: () => void = () => {}
  #credit = 0
  /** What the source has given and the thread has not been handed. */
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #closed = false

  constructor(post: Post) {
    this.#post = post
  }

  /** Nobody takes any more. */
  close(): void {
    this.#closed = true
    this.#wanted()
  }

  /** The thread is ready for more. */
  want(): void {
    this.#credit++
    this.#handOver()
    this.#wanted()
  }

  /**
   * Resolves when the thread has been given everything or takes no more. The chunks' memory goes to the thread. `waits` is
   * told when it is the source that is waited for, and when it no longer is.
   */
  async run(source: Readable, waits: (forSource: boolean) => void): Promise<void> {
    try {
      waits(true)
      // The thread may be in a mount namespace that must end with its job: no other thread is to be born into it.
      for await (const chunk of await decompressRare(source)) {
        if (this.#closed) return
        waits(false)
        this.#gathered.push(chunk)
        this.#gatheredBytes += chunk.length
        this.#handOver()
        if (this.#gatheredBytes >= mostGathered) await this.#room(mostGathered)
        waits(true)
      }
      waits(false)
      await this.#room(1)
      this.#post({ kind: 'end' }, [])
    } catch (error) {
      this.#post({ kind: 'abort' }, [])
      throw error
    }
  }

  /** Resolves when less than so many bytes wait to be handed over, or nobody takes them any more. */
  async #room(bytes: number): Promise<void> {
    while (this.#gatheredBytes >= bytes && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wanted = resolve
      await promise
    }
  }

  #handOver(): void {
    if (this.#credit === 0 || this.#gatheredBytes === 0) return
    const pieces = this.#gathered.map(ownMemory)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#credit--
    this.#post(
      { kind: 'pieces', pieces },
      pieces.map(({ buffer }) => buffer),
    )
  }
}

/** The bytes as all that is in their memory: then it can change threads. */
function ownMemory(chunk: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, length } = chunk
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === length && length >= worthHandingOver
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(chunk)
}
