/** Tells of an output as of one more step of the build. */
import type { BuildEvent } from '@gantry/build'
import type { ProgressMessage } from '../../contracts.ts'

/** Above the ids of every step that a Dockerfile has. */
let lastId = 1_000_000

export class OutputReport {
  readonly #id = ++lastId
  readonly #hear: (event: BuildEvent) => void

  constructor(name: string, hear: (event: BuildEvent) => void) {
    this.#hear = hear
    hear({ type: 'step', id: this.#id, name, started: new Date() })
  }

  /** What a push tells. */
  push({ status, id, progressDetail: { current, total } = {} }: ProgressMessage): void {
    if (id && current !== undefined && total !== undefined)
      this.#hear({ type: 'progress', id: this.#id, what: id, current, total })
    else if (status) this.#log(id ? `${id}: ${status}` : status)
  }

  #log(line: string): void {
    this.#hear({ type: 'log', id: this.#id, stream: 'stdout', data: Buffer.from(`${line}\n`) })
  }

  end(): void {
    this.#hear({ type: 'end', id: this.#id, cached: false })
  }

  failed(error: string): void {
    this.#hear({ type: 'end', id: this.#id, cached: false, error })
  }
}
