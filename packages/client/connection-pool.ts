import type { Duplex } from 'node:stream'
import { HttpConnection } from './http-connection.ts'

/** Connections to one engine: a free one is used again, so that calls one after another share it. */
export class ConnectionPool {
  readonly #dial: () => Promise<Duplex>
  readonly #free: HttpConnection[] = []
  readonly #all = new Set<HttpConnection>()

  constructor(dial: () => Promise<Duplex>) {
    this.#dial = dial
  }

  async acquire(): Promise<HttpConnection> {
    for (let free = this.#free.pop(); free !== undefined; free = this.#free.pop()) {
      if (free.reusable) return free
      this.#all.delete(free)
    }
    const stream = await this.#dial()
    const connection = new HttpConnection(stream)
    connection.onFree = () => this.#free.push(connection)
    this.#all.add(connection)
    stream.once('close', () => this.#all.delete(connection))
    return connection
  }

  close(): void {
    for (const connection of this.#all) connection.close()
    this.#all.clear()
    this.#free.length = 0
  }
}
