import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { readKeptOutput, requireWhole } from '@gantry/runtime'
import { framesOf } from '../containers/attach.ts'
import type { StdioSource } from '../containers/stdio-session.ts'
import type { Exec } from './exec.ts'

/** The files in which the output of execs is kept for clients that lose the daemon: in the directories of their containers. */
export class KeptOutputs {
  /** `<data root>/containers`. */
  readonly #containers: string

  constructor(containers: string) {
    this.#containers = containers
  }

  /** Where the output of an exec that is about to start is to be kept. */
  async begin(exec: Exec): Promise<string> {
    await mkdir(this.#directory(exec), { recursive: true, mode: 0o700 })
    return this.#path(exec)
  }

  /**
   * From the start on; without input, which ended with the daemon that had the client. Rejects with Conflict when not
   * everything is there.
   */
  async read(exec: Exec): Promise<StdioSource> {
    await requireWhole(this.#path(exec))
    const leaving = new AbortController()
    const blocks = readKeptOutput(this.#path(exec), leaving.signal, exec.ended)
    return {
      output: Readable.from(framesOf(blocks), { objectMode: true, highWaterMark: 1 }),
      stdin: null,
      close: () => leaving.abort(),
    }
  }

  /** A client's session is over: after the exec's end nobody will ask again. */
  served(exec: Exec): void {
    if (exec.record.state === 'exited') this.remove(exec)
  }

  remove(exec: Exec): void {
    if (!exec.record.request.tty) rmSync(this.#path(exec), { force: true })
  }

  #path(exec: Exec): string {
    return join(this.#directory(exec), exec.id)
  }

  #directory({ container }: Exec): string {
    return join(this.#containers, container.id, 'execs')
  }
}
