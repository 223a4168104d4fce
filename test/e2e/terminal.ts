/** A terminal a test can type into and read the screen of: tmux with a server of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { run, until } from './harness.ts'

export interface TerminalSize {
  columns: number
  rows: number
}

class Terminal {
  readonly #directory: string

  /** The directory, of its own, is for the server's socket. */
  constructor(directory: string) {
    this.#directory = directory
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await run('tmux', [
      '-S',
      `${this.#directory}/socket`,
      '-f',
      '/dev/null',
      ...args,
    ])
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
    await this.shows(/^\$ /m)
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
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** What to type into a shell that is to say `rows columns` once its terminal has that size. */
export const hasSize = (size: string): string => `until stty size | grep "${size}"; do sleep 0.1; done`

/** A terminal with a shell in it, closed when the test ends. */
export async function openTerminal(
  t: Pick<TestContext, 'after'>,
  size: TerminalSize = { columns: 80, rows: 24 },
): Promise<Terminal> {
  const terminal = new Terminal(await mkdtemp('/tmp/gantry-e2e-terminal-'))
  t.after(() => terminal.close())
  await terminal.open(size)
  return terminal
}
