/** A worker's output: pieces of an archive, sent on while not too many are waiting to be taken. */
import { readSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { Control } from './messages.ts'
import type { Sink } from './packer.ts'

const chunkSize = 256 * 1024
/** Chunks under way: the most that a reader who does not read holds of memory. */
const mostWaiting = 4

export class Outflow implements Sink {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void
  readonly #control: Int32Array<SharedArrayBuffer>
  #chunk: Uint8Array<ArrayBuffer> | null = null
  #filled = 0
  #sent = 0

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void, control: Int32Array<SharedArrayBuffer>) {
    this.#send = send
    this.#control = control
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const chunk = this.#space()
      const part = bytes.subarray(at, at + chunk.length - this.#filled)
      chunk.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
    }
  }

  writeFile(fd: number, position: number, length: number): void {
    for (let done = 0; done < length; ) {
      const chunk = this.#space()
      const most = Math.min(chunk.length - this.#filled, length - done)
      const count = readSync(fd, chunk, this.#filled, most, position + done)
      if (count === 0) chunk.fill(0, this.#filled, this.#filled + most)
      this.#filled += count || most
      done += count || most
    }
  }

  /** Sends what has not been sent yet. */
  flush(): void {
    if (this.#chunk === null || this.#filled === 0) return
    this.#waitForRoom()
    this.#send(this.#chunk.subarray(0, this.#filled))
    this.#chunk = null
    this.#filled = 0
    this.#sent++
  }

  #space(): Uint8Array<ArrayBuffer> {
    if (this.#filled === chunkSize) this.flush()
    this.#chunk ??= new Uint8Array(chunkSize)
    return this.#chunk
  }

  #waitForRoom(): void {
    for (;;) {
      if (Atomics.load(this.#control, Control.stop))
        throw new GantryError('Cancelled', 'packing was given up')
      const taken = Atomics.load(this.#control, Control.taken)
      if (this.#sent - taken < mostWaiting) return
      Atomics.wait(this.#control, Control.taken, taken)
    }
  }
}
