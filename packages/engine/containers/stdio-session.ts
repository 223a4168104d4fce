import { Readable, Writable } from 'node:stream'
import type { LogPlace, OutputFrame } from '@gantry/runtime'
import type { AttachSession } from '../contracts.ts'
import { DetachScanner } from './detach-keys.ts'

/** What a session is connected to: conmon's attachment, or a log that is followed. */
export interface StdioSource {
  readonly output: Readable
  readonly stdin: Writable | null
  close(): void
}

export interface SessionOptions {
  terminal: boolean
  stdin: boolean
  stdout: boolean
  stderr: boolean
  /** Null: input is not searched for detach keys. */
  detachKeys: Buffer | null
  /** The output stays open until this settles too, so that a client that has read it all can ask for the exit code. */
  ended?: Promise<unknown>
  onDetach(): void
  /** The session is over, whatever the reason. Called once. */
  onClose(): void
  /** Its client is gone, too. */
  onDisposed?(): void
}

/**
 * One client's stdio. It may exist before its process does: input waits and output stays silent until `connect`.
 * Nothing is buffered here beyond one frame, so a client that does not read holds up only its own connection.
 */
export class StdioSession implements AttachSession {
  readonly terminal: boolean
  readonly output: Readable
  readonly stdin: Writable | null
  begin: LogPlace | null = null
  readonly #options: SessionOptions
  readonly #source = Promise.withResolvers<StdioSource | null>()
  #connected: StdioSource | null = null
  #over = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.terminal = options.terminal
    this.output = new Readable({
      objectMode: true,
      highWaterMark: 1,
      read: () => void this.#connected?.output.resume(),
      destroy: (error, done) => {
        this.close()
        done(error)
      },
    })
    this.stdin = options.stdin ? this.#input() : null
  }

  /** Joins the session to its process. A session that was closed meanwhile closes the source. */
  connect(source: StdioSource): void {
    if (this.#over) {
      source.close()
      return
    }
    this.#connected = source
    const { output } = source
    output.on('data', (frame: OutputFrame) => {
      if (!this.#wants(frame) || this.#over) return
      if (!this.output.push(frame)) output.pause()
    })
    const drained = () => void Promise.resolve(this.#options.ended).then(() => this.close())
    output.once('end', drained)
    output.once('close', drained)
    output.once('error', (error) => this.output.destroy(error))
    // A process may close its input before the client has said everything.
    source.stdin?.on('error', () => {})
    this.#source.resolve(source)
  }

  /**
   * Ends the output after what has been read of it: the process's side is drained, the user detached, the client or the
   * daemon goes, or there will be no process.
   */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.output.push(null)
    this.#source.resolve(null)
    this.#connected?.close()
    this.#options.onClose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    this.output.destroy()
    this.stdin?.destroy()
    this.#options.onDisposed?.()
  }

  #wants({ stream }: OutputFrame): boolean {
    return stream === 'stdout' ? this.#options.stdout : this.#options.stderr
  }

  #input(): Writable {
    const { detachKeys } = this.#options
    const scanner = detachKeys && new DetachScanner(detachKeys)
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => void this.#write(chunk, scanner).then(() => done(), done),
      final: (done) =>
        void this.#source.promise.then((source) => source?.stdin?.end()).then(() => done(), done),
    })
  }

  async #write(chunk: Buffer, scanner: DetachScanner | null): Promise<void> {
    const stdin = (await this.#source.promise)?.stdin
    const { pass, detached } = scanner?.scan(chunk) ?? { pass: chunk, detached: false }
    if (stdin && pass.length > 0 && !this.#over) await writeTo(stdin, pass)
    if (!detached || this.#over) return
    this.#options.onDetach()
    this.close()
  }
}

/** Resolves when the bytes are taken, or never will be. */
function writeTo(stdin: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (stdin.destroyed || stdin.writableEnded) return resolve()
    const closed = () => resolve()
    stdin.once('close', closed)
    stdin.write(bytes, () => {
      stdin.off('close', closed)
      resolve()
    })
  })
}
