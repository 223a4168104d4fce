/** What builds tell, and how that is shown as lines: `#3 [2/4] RUN make`, `#3 0.512 output`, `#3 DONE 0.6s`. */
import type { Output } from '../framework/command.ts'
import { OutputText } from './output-text.ts'

/** One event of a build, as the engine tells it in JSON. */
export type BuildEvent =
  | { type: 'step'; id: number; name: string; started: string }
  | { type: 'log'; id: number; stream: 'stdout' | 'stderr'; data: { data: number[] } }
  | { type: 'progress'; id: number; what: string; current: number; total: number }
  | { type: 'end'; id: number; cached: boolean; error?: string; why?: string }
  | { type: 'warning'; rule: string; message: string; lines: { first: number; last: number } }
  | { type: 'unused-arguments'; names: string[] }

export type BuildWarning = Extract<BuildEvent, { type: 'warning' }>

interface Step {
  /** As it is shown: in the order in which steps begin. */
  number: number
  name: string
  started: number
  text: OutputText
  /** An output line that has not ended yet. */
  partial: string
  /** The last lines, for the report of a failure. */
  last: string[]
}

/** Lines of a failed step that are shown again at the end. */
const remembered = 10

/** Whether a step was ended, because another one had failed. */
export const isCanceled = (error: string | undefined): boolean => error?.endsWith('context canceled') ?? false

/** Which step has failed, and the last lines of its output. */
export const failureReport = (name: string, lines: readonly string[]): string =>
  ['------', ` > ${name}:`, ...lines, '------', ''].join('\n')

/** Shows a build somewhere. */
export interface BuildDisplay {
  show(event: BuildEvent): void
  /** The build is over, one way or the other. */
  close(): void
  /** The last words of the step that failed, if one did. After `close`. */
  report(): void
}

/** A build as lines, one step after the other. */
export class PlainProgress implements BuildDisplay {
  readonly #output: Output
  readonly #explain: boolean
  readonly #steps = new Map<number, Step>()
  #failed: Step | null = null

  /** `explain`: tell what had changed where the cache did not answer. */
  constructor(output: Output, explain: boolean) {
    this.#output = output
    this.#explain = explain
  }

  show(event: BuildEvent): void {
    if (event.type === 'unused-arguments') {
      this.#output.write(`[Warning] One or more build-args [${event.names.join(' ')}] were not consumed\n`)
      return
    }
    if (event.type === 'warning') return
    if (event.type === 'step') {
      const number = this.#steps.size + 1
      const step = {
        number,
        name: event.name,
        started: Date.now(),
        text: new OutputText(),
        partial: '',
        last: [],
      }
      this.#steps.set(event.id, step)
      this.#line(step, event.name)
      return
    }
    const step = this.#steps.get(event.id)
    if (!step) return
    if (event.type === 'log') this.#log(step, step.text.add(event))
    if (event.type === 'end') this.#end(event, step)
  }

  #line({ number }: Step, text: string): void {
    this.#output.write(`#${number} ${text}\n`)
  }

  #log(step: Step, text: string): void {
    const lines = (step.partial + text).split('\n')
    step.partial = lines.pop() ?? ''
    for (const line of lines) this.#logLine(step, line)
  }

  #logLine(step: Step, line: string): void {
    const time = this.#seconds(step).toFixed(3)
    this.#line(step, `${time} ${line}`)
    step.last = [...step.last, `${time} ${line}`].slice(-remembered)
  }

  #seconds({ started }: Step): number {
    return (Date.now() - started) / 1000
  }

  #end({ cached, error, why }: Extract<BuildEvent, { type: 'end' }>, step: Step): void {
    if (step.partial !== '') this.#logLine(step, step.partial)
    step.partial = ''
    if (isCanceled(error)) this.#line(step, 'CANCELED')
    else if (error !== undefined) {
      this.#failed ??= step
      this.#line(step, `ERROR: ${error}`)
    } else if (cached) this.#line(step, 'CACHED')
    else {
      if (this.#explain && why !== undefined)
        this.#line(step, `NOT CACHED: ${why ? `changed: ${why}` : 'it has not run before'}`)
      this.#line(step, `DONE ${this.#seconds(step).toFixed(1)}s`)
    }
    this.#output.write('\n')
  }

  close(): void {}

  report(output = this.#output): void {
    if (!this.#failed) return
    const { name, last } = this.#failed
    output.write(failureReport(name, last))
  }
}
