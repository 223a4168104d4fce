import { humanSize } from '../../../format/units.ts'
import type { Output } from '../../../framework/command.ts'

/** How often the number on the terminal changes, in milliseconds. */
const interval = 75

/** Counts what is copied, and shows it on a terminal while it is under way. */
export class CopyProgress implements Disposable {
  readonly #output: Output
  readonly #header: string
  readonly #timer: NodeJS.Timeout | undefined
  #total = 0
  #shown = -1

  /** `quiet`: counts alone. */
  constructor(output: Output, header: string, quiet: boolean) {
    this.#output = output
    this.#header = header
    if (quiet || !output.isTTY) return
    this.#timer = setInterval(() => this.#show(), interval)
    this.#timer.unref()
  }

  get size(): string {
    return humanSize(this.#total, 3)
  }

  async *count(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      this.#total += piece.length
      yield piece
    }
  }

  #show(): void {
    if (this.#total === this.#shown) return
    this.#shown = this.#total
    this.#output.write(`\r\x1b[2K${this.#header}${this.size}`)
  }

  /** Takes the number off the terminal. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (this.#shown >= 0) this.#output.write('\r\x1b[2K')
  }
}
