/** Plain connections of the compiled command, by what Bun has beneath its `node:net`: up and ready in a third of the time. */
import type { ByteStream } from './byte-stream.ts'

/** What is used of Bun's socket (https://bun.com/docs/runtime/networking/tcp). */
interface BunSocket {
  /** How many of the bytes were taken; a negative number when the connection is gone. */
  write(bytes: Buffer): number
  pause(): void
  resume(): void
  terminate(): void
}

interface BunHandlers {
  open(socket: BunSocket): void
  data(socket: BunSocket, bytes: Buffer): void
  drain(socket: BunSocket): void
  end(socket: BunSocket): void
  close(socket: BunSocket, error?: Error): void
  error(socket: BunSocket, error: Error): void
  connectError(socket: BunSocket, error: Error): void
}

export type BunAddress = { unix: string } | { hostname: string; port: number }

export type BunConnect = (
  options: BunAddress & { allowHalfOpen: boolean; socket: BunHandlers },
) => Promise<BunSocket>

/** Connects; rejects with the error of the system call. */
export async function connectBun(connect: BunConnect, address: BunAddress): Promise<ByteStream> {
  const stream = new BunStream()
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const connected = connect({
    ...address,
    allowHalfOpen: true,
    socket: {
      open: () => {},
      data: (_socket, bytes) => stream.onData(bytes),
      drain: () => stream.flush(),
      end: () => stream.ended(),
      close: (_socket, error) => stream.ended(error),
      error: (_socket, error) => stream.ended(error),
      connectError: (_socket, error) => reject(error),
    },
  })
  stream.begin(await Promise.race([connected, failed]))
  return stream
}

class BunStream implements ByteStream {
  onData: (bytes: Buffer) => void = () => {}
  onEnd: (error?: Error) => void = () => {}
  destroyed = false
  #socket: BunSocket | null = null
  #paused = false
  #isEnded = false
  /** What the kernel has not taken yet. */
  #waiting: Buffer[] = []
  #drained = Promise.withResolvers<void>()

  begin(socket: BunSocket): void {
    this.#socket = socket
  }

  pause(): void {
    if (!this.#paused) this.#socket?.pause()
    this.#paused = true
  }

  resume(): void {
    if (this.#paused) this.#socket?.resume()
    this.#paused = false
  }

  write(...parts: Buffer[]): boolean {
    if (this.destroyed) return true
    this.#waiting.push(...parts)
    if (this.#waiting.length === parts.length) this.flush()
    return this.#waiting.length === 0
  }

  /** Hands on what waits, as far as it is taken. */
  flush(): void {
    for (let part = this.#waiting[0]; part !== undefined; part = this.#waiting[0]) {
      const taken = this.#socket?.write(part) ?? -1
      if (taken < 0) {
        this.ended()
        return
      }
      if (taken < part.length) {
        this.#waiting[0] = part.subarray(taken)
        return
      }
      this.#waiting.shift()
    }
    this.#release()
  }

  async drained(): Promise<void> {
    if (this.#waiting.length > 0) await this.#drained.promise
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#socket?.terminate()
    this.ended()
  }

  ended(error?: Error): void {
    this.#waiting = []
    this.#release()
    if (this.#isEnded) return
    this.#isEnded = true
    // Not from within the call that found it out.
    queueMicrotask(() => this.onEnd(error))
  }

  #release(): void {
    this.#drained.resolve()
    this.#drained = Promise.withResolvers<void>()
  }
}
