/**
 * A connection, as little of it as HTTP needs. The streams of Node.js can do more, but loading them takes the compiled
 * command longer than a call takes the engine.
 */
export interface ByteStream {
  /** Called with what comes; the receiver owns the bytes. */
  onData: (bytes: Buffer) => void
  /** Called once, when the other side has ended, or with what broke the connection. */
  onEnd: (error?: Error) => void
  readonly destroyed: boolean
  pause(): void
  resume(): void
  /** Sends the parts one after another. False when the other side is slower: wait for `drained` before the next. */
  write(...parts: Buffer[]): boolean
  /** Resolves when all that was written is on its way, or never will be. */
  drained(): Promise<void>
  destroy(): void
}
