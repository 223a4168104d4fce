/** A build as a live view on a terminal: drawn again and again in the same place. */
import type { Output } from '../framework/command.ts'
import { OutputText } from './output-text.ts'
import { type BuildDisplay, type BuildEvent, failureReport, isCanceled } from './progress.ts'
import { renderView, shownOutput, type ViewStep } from './view.ts'

/** Milliseconds between two drawings. */
const interval = 120
/** Characters of a line without an end that are kept. */
const longestLine = 4096
/** Lines of a failed step that are shown again at the end. */
const remembered = 10

interface LiveStep extends ViewStep {
  last: string[]
  text: OutputText
  partial: string
  transfers: Map<string, string>
}

/** A build on a terminal: steps that run are drawn over. */
export class TtyProgress implements BuildDisplay {
  readonly #output: Output
  readonly #color: boolean
  readonly #started = Date.now()
  readonly #steps = new Map<number, LiveStep>()
  readonly #notes: string[] = []
  readonly #timer: NodeJS.Timeout
  /** Lines that the last drawing took. */
  #drawn = 0
  #columns = 0

  constructor(output: Output, color: boolean) {
    this.#output = output
    this.#color = color
    this.#timer = setInterval(() => this.#draw(false), interval)
  }

  show(event: BuildEvent): void {
    switch (event.type) {
      case 'unused-arguments':
        this.#notes.push(`[Warning] One or more build-args [${event.names.join(' ')}] were not consumed`)
        return
      case 'step':
        this.#steps.set(event.id, {
          name: event.name,
          started: Date.now(),
          last: [],
          text: new OutputText(),
          partial: '',
          transfers: new Map(),
        })
        return
      case 'log': {
        const step = this.#steps.get(event.id)
        if (step) hear(step, step.text.add(event))
        return
      }
      case 'progress':
        this.#steps
          .get(event.id)
          ?.transfers.set(event.what, `${megabytes(event.current)} / ${megabytes(event.total)}`)
        return
      case 'end': {
        const step = this.#steps.get(event.id)
        if (!step) return
        step.ended = Date.now()
        step.outcome = outcomeOf(event)
        return
      }
      default:
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#draw(true)
    for (const note of this.#notes) this.#output.write(`${note}\n`)
  }

  report(): void {
    const failed = [...this.#steps.values()].find(({ outcome }) => outcome === 'failed')
    if (!failed) return
    const lines = [...failed.last, failed.partial].filter((line) => line !== '').slice(-remembered)
    this.#output.write(failureReport(failed.name, lines))
  }

  #draw(finished: boolean): void {
    const { columns = 80, rows = 24 } = this.#output
    const lines = renderView([...this.#steps.values()].map(shown), {
      columns,
      rows,
      now: Date.now(),
      started: this.#started,
      color: this.#color,
      finished,
    })
    // Lines that wrap after a change of the width cannot be counted: begin anew.
    const isResized = this.#drawn > 0 && columns !== this.#columns
    this.#columns = columns
    const up = isResized ? '\u001b[2J\u001b[H' : this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    // What a taller drawing left below goes, too.
    this.#output.write(`${up}\r${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
    this.#drawn = lines.length
  }
}

/** With the line that it has begun: many tools tell their progress in one. */
const shown = (step: LiveStep): ViewStep =>
  step.partial === '' ? step : { ...step, last: [...step.last, step.partial] }

function outcomeOf({ error, cached }: Extract<BuildEvent, { type: 'end' }>): ViewStep['outcome'] {
  if (error === undefined) return cached ? 'cached' : 'done'
  return isCanceled(error) ? 'canceled' : 'failed'
}

function hear(step: LiveStep, text: string): void {
  const lines = (step.partial + text).split('\n')
  step.partial = (lines.pop() ?? '').slice(-longestLine)
  step.last = [...step.last, ...lines].slice(-Math.max(remembered, shownOutput))
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)}MB`
