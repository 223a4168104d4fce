/** The text of what a step writes: characters come in pieces where its output is cut. */
import type { BuildEvent } from './progress.ts'

export class OutputText {
  readonly #decoders = { stdout: decoder(), stderr: decoder() }

  /** What is whole by now; the rest comes with the next event of the same stream. */
  add({ stream, data }: Extract<BuildEvent, { type: 'log' }>): string {
    return this.#decoders[stream].decode(Buffer.from(data.data), { stream: true })
  }
}

const decoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true })
