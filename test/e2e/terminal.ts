/** A terminal a test can type into and read the screen of: tmux with a server of its own. */
import type { TestContext } from 'node:test'
import { run, until } from './harness.ts'

export interface TerminalSize {
  columns: number
  rows: number
}

let opened = 0

export class Terminal {
  readonly #server: string

  constructor(server: string) {
    this.#server = server
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await run('tmux', ['-L', this.#server, '-f', '/dev/null', ...args])
    if (exitCode !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
    return stdout
  }

  async open(size: TerminalSize): Promise<void> {
    await this.#tmux(
      'new-session',
      '-d',
      '-x',
      String(size.columns),
      '-y',
      String(size.rows),
      'env PS1="$ " sh',
    )
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text)
  }

  /** Presses keys by tmux's names: `Enter`, `C-c`, `C-p`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async resize(size: TerminalSize): Promise<void> {
    await this.#tmux('resize-window', '-x', String(size.columns), '-y', String(size.rows))
  }

  async screen(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-J')
  }

  /** Waits until the screen shows something; the error shows what it shows instead. */
  async shows(expected: RegExp): Promise<string> {
    let last = ''
    try {
      return await until(`${expected} on the screen`, async () => {
        last = await this.screen()
        return expected.test(last) ? last : null
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}; it shows:\n${last}`)
    }
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined)
  }
}

/** A terminal with a shell in it, closed when the test ends. */
export async function openTerminal(
  t: Pick<TestContext, 'after'>,
  size: TerminalSize = { columns: 80, rows: 24 },
): Promise<Terminal> {
  const terminal = new Terminal(`gantry-e2e-${process.pid}-${opened++}`)
  t.after(() => terminal.close())
  await terminal.open(size)
  return terminal
}
