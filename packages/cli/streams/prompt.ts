/** Questions at a terminal, answered with a line each. */
import { type CommandContext, ExitError } from '../framework/command.ts'

const interrupted = 130

/** Asks questions one after another; what is typed ahead answers the next. To be disposed of. */
export class Prompt implements Disposable {
  readonly #stdin: CommandContext['stdin']
  readonly #stdout: CommandContext['stdout']
  #pending = ''
  #ended = false
  #wake: (() => void) | undefined
  readonly #onData = (bytes: Buffer | string): void => {
    this.#pending += String(bytes)
    this.#wake?.()
  }
  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wake?.()
  }

  constructor({ stdin, stdout }: Pick<CommandContext, 'stdin' | 'stdout'>) {
    this.#stdin = stdin
    this.#stdout = stdout
    stdin.on('data', this.#onData)
    stdin.on('end', this.#onEnd)
  }

  /** The answer without blanks around it. */
  async ask(question: string): Promise<string> {
    this.#stdout.write(question)
    return (await this.#line()).trim()
  }

  /** Like `ask`, but what is typed is not shown. Ctrl-C ends the command. */
  async askSecret(question: string): Promise<string> {
    this.#stdout.write(question)
    this.#stdin.setRawMode?.(true)
    const restore = (): void => void this.#stdin.setRawMode?.(false)
    process.once('exit', restore)
    try {
      return (await this.#typedLine()).trim()
    } finally {
      process.off('exit', restore)
      restore()
      this.#stdout.write('\n')
    }
  }

  async #line(): Promise<string> {
    while (!this.#pending.includes('\n') && !this.#ended) await this.#more()
    const end = this.#pending.indexOf('\n')
    const line = end < 0 ? this.#pending : this.#pending.slice(0, end)
    this.#pending = end < 0 ? '' : this.#pending.slice(end + 1)
    return line
  }

  /** A line as the keys come: in this mode the terminal does not edit it. */
  async #typedLine(): Promise<string> {
    let line = ''
    for (;;) {
      for (const key of this.#pending) {
        this.#pending = this.#pending.slice(key.length)
        if (key === '\r' || key === '\n' || (key === '\x04' && line === '')) return line
        if (key === '\x03') throw new ExitError(interrupted)
        if (key === '\x7f' || key === '\b') line = [...line].slice(0, -1).join('')
        else if (key === '\x15') line = ''
        else if (key >= ' ') line += key
      }
      if (this.#ended) return line
      await this.#more()
    }
  }

  #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    return promise
  }

  [Symbol.dispose](): void {
    this.#stdin.off('data', this.#onData)
    this.#stdin.off('end', this.#onEnd)
    this.#stdin.pause()
  }
}
