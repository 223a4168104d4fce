/** Progress of pulls, loads and the like, as the engine's stream of JSON messages tells it. */
import type { Output } from '../framework/command.ts'

export interface ProgressMessage {
  id?: string
  status?: string
  stream?: string
  progress?: string
  progressDetail?: { current?: number; total?: number; units?: string; hidecounts?: boolean }
  error?: string
  errorDetail?: { code?: number; message?: string }
}

/** Prints the messages: in a terminal each id has a line that is rewritten, elsewhere only the changes of state are told. */
export class ProgressPrinter {
  readonly #output: Output
  readonly #quiet: boolean
  readonly #lines = new Map<string, number>()

  constructor(output: Output, quiet = false) {
    this.#output = output
    this.#quiet = quiet
  }

  /** Prints one message. Throws the error that a message may be. */
  show(message: ProgressMessage): void {
    const problem = message.errorDetail?.message ?? message.error
    if (problem) throw new Error(problem)
    if (this.#quiet) return
    if (message.stream !== undefined) this.#output.write(message.stream)
    else if (this.#output.isTTY) this.#showInPlace(message)
    else if (!hasBar(message)) this.#output.write(`${describe(message)}\n`)
  }

  #showInPlace(message: ProgressMessage): void {
    const text = `${describe(message)}${hasBar(message) ? ` ${progressText(message, this.#output.columns)}` : ''}`
    if (message.id === undefined || !message.progressDetail) {
      this.#output.write(`${text}\n`)
      // What comes after a plain line stands below it.
      this.#lines.clear()
      return
    }
    const known = this.#lines.get(message.id)
    if (known === undefined) {
      this.#lines.set(message.id, this.#lines.size)
      this.#output.write(`${text}\n`)
      return
    }
    const up = this.#lines.size - known
    this.#output.write(`\u001b[${up}A\u001b[2K\r${text}\r\u001b[${up}B`)
  }
}

const describe = ({ id, status = '' }: ProgressMessage) => (id === undefined ? status : `${id}: ${status}`)

const hasBar = ({ progressDetail }: ProgressMessage) => (progressDetail?.current ?? 0) > 0

/** A bar if there is room for it, and the numbers. */
function progressText({ progressDetail = {} }: ProgressMessage, columns: number): string {
  const { current = 0, total = 0 } = progressDetail
  const numbers = total > 0 ? `${megabytes(current)}/${megabytes(total)}` : megabytes(current)
  if (columns <= 110 || total <= 0) return numbers
  const filled = Math.min(50, Math.floor((current / total) * 50))
  const bar = `${'='.repeat(filled)}>`.slice(0, 50).padEnd(50)
  return `[${bar}]  ${numbers}`
}

/** Four significant digits in powers of 1000, as Docker shows sizes. */
function megabytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${Number(value.toPrecision(4))}${units[unit]}`
}
