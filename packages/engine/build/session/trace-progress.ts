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

  constructor(tell: (message: ProgressMessage) => void) {
    this.#tell = tell
  }

  event(event: BuildEvent): void {
    const status = this.#trace.status(event)
    if (status)
      this.#tell({ id: 'moby.buildkit.trace', aux: StatusResponse.encode(status).toString('base64') })
  }

  done(id: string): void {
    this.#tell({ id: 'moby.image.id', aux: { ID: id } })
  }

  /** These clients know of no such thing. */
  lineage(): null {
    return null
  }

  failed(error: unknown): void {
    this.#tell({ errorDetail: detailOf(error), error: describe(error) })
  }
}
