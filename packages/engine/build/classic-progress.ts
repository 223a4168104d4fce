/** What `POST /build` tells: the classic builder's words, step by step. */
import { type BuildEvent, StepFailure } from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import type { ProgressMessage } from '../contracts.ts'

/** `[builder 2/5] RUN make` */
const numbered = /^\[(?:.* )?(\d+)\/(\d+)\] ([\s\S]*)$/

/** A step whose words wait until the steps before it have ended: the classic builder tells one after the other. */
interface Told {
  id: number
  waiting: ProgressMessage[]
  ended: boolean
}

export class ClassicProgress {
  readonly #tell: (message: ProgressMessage) => void
  readonly #quiet: boolean
  readonly #steps: Told[] = []

  constructor(tell: (message: ProgressMessage) => void, quiet: boolean) {
    this.#tell = tell
    this.#quiet = quiet
  }

  event(event: BuildEvent): void {
    if (this.#quiet) return
    if (event.type === 'warning') {
      this.#tell({ stream: `[Warning] ${event.message}\n` })
      return
    }
    if (event.type === 'step') this.#steps.push({ id: event.id, waiting: [], ended: false })
    const step = this.#steps.find(({ id }) => id === event.id)
    if (!step) return
    const message = messageFor(event)
    if (message) step.waiting.push(message)
    step.ended ||= event.type === 'end'
    this.#advance()
  }

  #advance(): void {
    for (let first = this.#steps[0]; first; first = this.#steps[0]) {
      for (const message of first.waiting.splice(0)) this.#tell(message)
      if (!first.ended) return
      this.#steps.shift()
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
    for (const { waiting } of this.#steps.splice(0)) for (const each of waiting) this.#tell(each)
    this.#tell({ errorDetail: { message, ...(isStep && { code: error.exitCode }) }, error: message })
  }

  #stream(stream: string): void {
    this.#tell({ stream })
  }
}

function messageFor(event: Exclude<BuildEvent, { type: 'warning' }>): ProgressMessage | null {
  switch (event.type) {
    case 'step': {
      const [, number, total, what] = numbered.exec(event.name) ?? []
      return { stream: what === undefined ? `${event.name}\n` : `Step ${number}/${total} : ${what}\n` }
    }
    case 'log':
      return { stream: event.data.toString() }
    case 'end':
      return event.cached ? { stream: ' ---> Using cache\n' } : null
    case 'progress': {
      const { what, current, total } = event
      return { status: 'Downloading', id: what, progressDetail: { current, total } }
    }
  }
}

/** A mistake in the Dockerfile with its line, in BuildKit's words. */
export function describe(error: unknown): string {
  if (!(error instanceof DockerfileProblem) || error.lines === null) return messageOf(error)
  return `dockerfile parse error on line ${error.lines.first}: ${error.message}`
}
