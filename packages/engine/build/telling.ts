/** What the client of a build is told, in the words of its kind: our own command, classic clients, those of BuildKit. */
import { type BuildEvent, StepError } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import type { EngineBuildRequest, ProgressMessage } from '../contracts.ts'
import type { Intermediates } from '../images/intermediates.ts'
import { classicRefusal, describe, detailOf } from './classic-errors.ts'
import { ClassicProgress } from './classic-progress.ts'
import { OutputLimit } from './kept-output.ts'
import { QuietEvents } from './quiet-events.ts'
import { type Internal, StepNumbers } from './step-numbers.ts'

export type Tell = (message: ProgressMessage) => void

/** How clients that do not take events are told of them. */
type Progress = Pick<ClassicProgress, 'event' | 'done' | 'failed' | 'lineage'>

/** `isBehind` tells that the client has much to read already. */
export async function openTelling(
  request: EngineBuildRequest,
  intermediates: Intermediates,
  tell: Tell,
  isBehind: () => boolean,
): Promise<Telling> {
  return new Telling(
    request,
    await progressFor(request, intermediates, tell),
    tell,
    new OutputLimit(isBehind),
  )
}

async function progressFor(
  { trace, quiet, remove, forceRemove, noCache }: EngineBuildRequest,
  intermediates: Intermediates,
  tell: Tell,
): Promise<Progress> {
  if (!trace) return new ClassicProgress(tell, intermediates, { quiet, remove, forceRemove, noCache })
  const { TraceProgress } = await import('./session/trace-progress.ts')
  return new TraceProgress(tell, quiet)
}

export class Telling {
  readonly tell: Tell
  readonly #request: EngineBuildRequest
  readonly #progress: Progress
  readonly #output: OutputLimit
  readonly #numbers = new StepNumbers()
  readonly #quiet: QuietEvents | null
  #begun = false

  constructor(request: EngineBuildRequest, progress: Progress, tell: Tell, output: OutputLimit) {
    this.tell = tell
    this.#request = request
    this.#progress = progress
    this.#output = output
    this.#quiet = request.quiet && request.events ? new QuietEvents() : null
  }

  readonly hear = (event: BuildEvent): void => {
    this.#begun = true
    const limited = this.#output.limit(event)
    if (limited === null) return
    const numbered = this.#numbers.numbered(limited)
    const shown = this.#quiet?.told(numbered) ?? [numbered]
    if (!this.#request.events) this.#progress.event(numbered)
    else for (const aux of shown) this.tell({ id: 'gantry.build', aux })
  }

  /** Runs work, told as a step. */
  readonly internal: Internal = this.#numbers.internal(this.hear)

  /** What the image was made upon, for classic clients; null when that is known already. */
  lineage(image: string): ReturnType<Progress['lineage']> {
    return this.#progress.lineage(image)
  }

  done(image: string, names: string[]): void {
    this.#progress.done(image, names)
  }

  /** Throws what is a refusal: nothing has been told of the build yet. */
  failed(error: unknown): void {
    const { events, dockerfile } = this.#request
    if (!this.#begun && !(events && error instanceof StepError)) {
      const message = events ? describe(error) : classicRefusal(error, dockerfile)
      throw new GantryError('InvalidParameter', message, { cause: error })
    }
    if (events) this.tell({ error: describe(error), errorDetail: detailOf(error) })
    else this.#progress.failed(error)
  }
}
