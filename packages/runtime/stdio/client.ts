/** One client of a process's stdio. */
import { Readable, Writable } from 'node:stream'
import type { Attachment, OutputFrame } from '../contracts.ts'

/** Frames kept for a reader before the process is held back; of up to half a megabyte each when a lot is said. */
const waitingFrames = 4

/** What a client asks of the connection it shares. */
export interface StdioClientOptions {
  isFirst: boolean
  /** Whether input goes to the process; otherwise it is thrown away. */
  stdin: boolean
  send(data: Buffer): Promise<void>
  endInput(): Promise<void>
  /** The reader has room again. */
  wantsMore(): void
  /** Called once, when the client goes away by itself. */
  left(): void
}

export class StdioClient implements Attachment {
  readonly output: Readable
  readonly stdin: Writable
  readonly isFirst: boolean
  readonly #options: StdioClientOptions
  #isFull = false
  #gone = false

  constructor(options: StdioClientOptions) {
    this.#options = options
    this.isFirst = options.isFirst
    this.output = new Readable({
      objectMode: true,
      highWaterMark: waitingFrames,
      read: () => {
        if (!this.#isFull) return
        this.#isFull = false
        options.wantsMore()
      },
      destroy: (error, done) => {
        this.close()
        done(error)
      },
    })
    this.stdin = new Writable({
      write: (data: Buffer, _encoding, done) => {
        if (!options.stdin || this.#gone) done()
        else options.send(data).then(() => done(), done)
      },
      final: (done) => {
        if (!options.stdin || this.#gone) done()
        else options.endInput().then(() => done(), done)
      },
    })
    // A process that has ended does not read any more; that is no error of the client's.
    this.stdin.on('error', () => {})
  }

  /** Whether the reader has as much waiting as it may. */
  get isFull(): boolean {
    return this.#isFull
  }

  receive(frame: OutputFrame): void {
    if (!this.#gone) this.#isFull = !this.output.push(frame)
  }

  /** The process's side is drained. */
  finish(): void {
    if (this.#gone) return
    this.#gone = true
    this.#isFull = false
    this.output.push(null)
    this.stdin.destroy()
  }

  close(): void {
    if (this.#gone) return
    this.#gone = true
    this.#isFull = false
    // A client that writes and hangs up has said all it had to say.
    if (this.#options.stdin) void this.#options.endInput()
    this.#options.left()
    this.output.destroy()
    this.stdin.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
