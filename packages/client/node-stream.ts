/** Connections that are streams of Node.js: TLS, ssh, what is taken over, and everything where there is no Bun. */
import type { Duplex } from 'node:stream'
import type { ByteStream } from './byte-stream.ts'

export class NodeStream implements ByteStream {
  onData: (bytes: Buffer) => void = () => {}
  onEnd: (error?: Error) => void = () => {}
  readonly #stream: Duplex
  #ended = false

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => this.onData(bytes))
    stream.on('error', (error) => this.#end(error))
    stream.on('end', () => this.#end())
    stream.on('close', () => this.#end())
  }

  get destroyed(): boolean {
    return this.#stream.destroyed
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  write(...parts: Buffer[]): boolean {
    this.#stream.cork()
    const goesOn = parts.map((part) => this.#stream.write(part)).every(Boolean)
    this.#stream.uncork()
    return goesOn
  }

  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => {
      this.#stream.off('drain', done).off('close', done)
      resolve()
    }
    this.#stream.on('drain', done).on('close', done)
    return promise
  }

  destroy(): void {
    this.#stream.destroy()
  }

  /** The stream itself, for whoever goes on with it; `first` is read before what still comes. */
  takeOver(first: Buffer): Duplex {
    this.#stream.removeAllListeners()
    this.#stream.pause()
    if (first.length > 0) this.#stream.unshift(first)
    return this.#stream
  }

  #end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.onEnd(error)
  }
}
