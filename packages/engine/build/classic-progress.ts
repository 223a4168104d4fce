/** What `POST /build` tells: the classic builder's words, step by step. */
import { type BuildEvent, StepFailure } from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import type { ProgressMessage } from '../contracts.ts'

/** `[builder 2/5] RUN make` */
const numbered = /^\[(?:.* )?(\d+)\/(\d+)\] ([\s\S]*)$/

export class ClassicProgress {
  readonly #tell: (message: ProgressMessage) => void
  readonly #quiet: boolean

  constructor(tell: (message: ProgressMessage) => void, quiet: boolean) {
    this.#tell = tell
    this.#quiet = quiet
  }

  event(event: BuildEvent): void {
    if (this.#quiet) return
    switch (event.type) {
      case 'step': {
        const [, number, total, what] = numbered.exec(event.name) ?? []
        this.#stream(what === undefined ? `${event.name}\n` : `Step ${number}/${total} : ${what}\n`)
        break
      }
      case 'log':
        this.#stream(event.data.toString())
        break
      case 'end':
        if (event.cached) this.#stream(' ---> Using cache\n')
        break
      case 'warning':
        this.#stream(`[Warning] ${event.message}\n`)
        break
      case 'progress':
        this.#tell({
          status: 'Downloading',
          id: event.what,
          progressDetail: { current: event.current, total: event.total },
        })
    }
  }

  /** `names` as users write them. */
  done(id: string, names: readonly string[]): void {
    if (this.#quiet) {
      this.#stream(`${id}\n`)
      return
    }
    this.#tell({ aux: { ID: id } })
    this.#stream(`Successfully built ${id.slice('sha256:'.length, 'sha256:'.length + 12)}\n`)
    for (const name of names) this.#stream(`Successfully tagged ${name}\n`)
  }

  /** The end of a build whose answer has begun: clients take the code of a step for their own. */
  failed(error: unknown): void {
    const isStep = error instanceof StepFailure
    const message = isStep
      ? `The command '${error.args.join(' ')}' returned a non-zero code: ${error.exitCode}`
      : describe(error)
    this.#tell({ errorDetail: { message, ...(isStep && { code: error.exitCode }) }, error: message })
  }

  #stream(stream: string): void {
    this.#tell({ stream })
  }
}

/** A mistake in the Dockerfile with its line, in BuildKit's words. */
export function describe(error: unknown): string {
  if (!(error instanceof DockerfileProblem) || error.lines === null) return messageOf(error)
  return `dockerfile parse error on line ${error.lines.first}: ${error.message}`
}
