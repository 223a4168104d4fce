import type { ByteStream } from './byte-stream.ts'
import { HttpConnection } from './http-connection.ts'

/** What a connection is for: a call after the other, or to be taken over by whoever asks for it. */
export type Purpose = 'calls' | 'takeover'

/** Connections to one engine: a free one is used again, so that calls one after another share it. */
export class ConnectionPool {
  readonly #dial: (purpose: Purpose) => Promise<ByteStream>
  readonly #free: HttpConnection[] = []
  readonly #all = new Set<HttpConnection>()

  constructor(dial: (purpose: Purpose) => Promise<ByteStream>) {
    this.#dial = dial
  }

  async acquire(purpose: Purpose = 'calls'): Promise<HttpConnection> {
    if (purpose === 'calls')
      for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop())
        if (free.reusable) return free
    const connection = new HttpConnection(await this.#dial(purpose))
    connection.onFree = () => this.#free.push(connection)
    connection.onOver = () => this.#all.delete(connection)
    this.#all.add(connection)
    return connection
  }

  close(): void {
    for (const connection of this.#all) connection.close()
    this.#all.clear()
    this.#free.length = 0
  }
}
