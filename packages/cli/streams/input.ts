/** The user's stdin on its way to a process, through one connection after another. */
import type { Duplex } from 'node:stream'
import type { CommandContext } from '../framework/command.ts'
import { DetachFilter } from './detach-keys.ts'

/** What the user types, for one connection after the other. */
export class Input {
  readonly stdin: CommandContext['stdin']
  /** There is no more of it. */
  ended = false
  /** Some of it has been taken from the user. */
  begun = false
  readonly #filter: DetachFilter | null
  readonly #detached = Promise.withResolvers<'detached'>()

  /** `detachKeys` are looked for in a terminal only: bytes from a file may be any. */
  constructor(stdin: CommandContext['stdin'], detachKeys: Uint8Array | null) {
    this.stdin = stdin
    this.#filter = detachKeys && new DetachFilter(detachKeys)
  }

  /** Resolves only when the detach keys were typed. */
  get detached(): Promise<'detached'> {
    return this.#detached.promise
  }

  /** Copies what is typed or piped in, and its end, until it is called off. */
  copyTo(stream: Duplex): () => void {
    const { stdin } = this
    const take = (bytes: Buffer) => {
      this.begun = true
      const { data, detached } = this.#filter?.feed(bytes) ?? { data: bytes, detached: false }
      if (!stream.write(data)) stdin.pause()
      if (detached) this.#detached.resolve('detached')
    }
    const more = () => void stdin.resume()
    const end = () => {
      this.ended = true
      stream.end()
    }
    // What the container does not read any more is not an error; its output tells how it ended.
    stream.on('error', () => {})
    stream.on('drain', more)
    stdin.on('data', take)
    stdin.on('end', end)
    stdin.on('error', end)
    // After another connection it stands still.
    stdin.resume()
    return () => {
      stream.off('drain', more)
      stdin.off('data', take)
      stdin.off('end', end)
      stdin.off('error', end)
      stdin.pause()
    }
  }

  /** Takes note of what can go nowhere any more. A terminal is left to whoever reads it next. */
  discard(): void {
    const { stdin } = this
    if (stdin.isTTY) return
    stdin.on('data', () => {
      this.begun = true
    })
    stdin.on('error', () => {})
  }
}
