/** What `POST /build?version=2` tells: BuildKit's messages, in JSON's clothes. */
import { randomUUID } from 'node:crypto'
import type { BuildEvent } from '@gantry/build'
import { StatusResponse } from '@gantry/buildkit'
import type { ProgressMessage } from '../../contracts.ts'
import { describe, detailOf } from '../classic-errors.ts'
import { BuildTrace } from './trace.ts'

export class TraceProgress {
  readonly #tell: (message: ProgressMessage) => void
  readonly #trace = new BuildTrace(randomUUID())

  readonly #quiet: boolean

  /** `quiet`: the client shows nothing but the image's id, which it wants as a text. */
  constructor(tell: (message: ProgressMessage) => void, quiet: boolean) {
    this.#tell = tell
    this.#quiet = quiet
  }

  event(event: BuildEvent): void {
    const status = this.#trace.status(event)
    if (status)
      this.#tell({ id: 'moby.buildkit.trace', aux: StatusResponse.encode(status).toString('base64') })
  }

  done(id: string): void {
    this.#tell({ id: 'moby.image.id', aux: { ID: id } })
    if (this.#quiet) this.#tell({ stream: `${id}\n` })
  }

  /** These clients know of no such thing. */
  lineage(): null {
    return null
  }

  failed(error: unknown): void {
    this.#tell({ errorDetail: detailOf(error), error: describe(error) })
  }
}
