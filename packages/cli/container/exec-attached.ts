/** An exec whose streams `exec` and `debug` have joined, for as long as it runs: also across daemons. */
import type { HijackedConnection } from '@gantry/client'
import { isKind } from '@gantry/errors'
import { type CommandContext, ExitError } from '../framework/command.ts'
import { type CopyResult, copyStreams } from '../streams/copy-streams.ts'
import { Input } from '../streams/input.ts'
import { Progress, resumableHeader } from '../streams/progress.ts'
import { followSize, terminalSize } from '../streams/terminal.ts'
import { detachMessage } from './attached.ts'
import { isLost, reconnected } from './reconnect.ts'

export interface ExecStreams {
  tty: boolean
  interactive: boolean
  detachKeys: Uint8Array
}

/** Starts an exec and joins its streams; ends with its exit code. */
export async function runExec(context: CommandContext, id: string, streams: ExecStreams): Promise<number> {
  const { client, stdout } = context
  const { tty, interactive } = streams
  const connection = await client.hijack('ExecJoin', {
    path: { id },
    query: { resumable: true },
    body: { Detach: false, Tty: tty, ...consoleSize(context, tty) },
  })
  const resize = async ({ rows, columns }: { rows: number; columns: number }) => {
    await client.call('ExecResize', { path: { id }, query: { h: rows, w: columns } })
  }
  using _size = tty && interactive && stdout.isTTY ? followSize(context, resize) : null
  const code = await new JoinedExec(context, id, streams, connection).finish()
  if (code) throw new ExitError(code)
  return 0
}

class JoinedExec {
  readonly #context: CommandContext
  readonly #id: string
  readonly #tty: boolean
  readonly #input: Input | null
  /** Null for an engine that does not know of it. */
  readonly #progress: Progress | null
  #connection: HijackedConnection
  /** The daemon has gone since, and the input of what is no terminal with it. */
  #wasLost = false

  constructor(
    context: CommandContext,
    id: string,
    { tty, interactive, detachKeys }: ExecStreams,
    connection: HijackedConnection,
  ) {
    this.#context = context
    this.#id = id
    this.#tty = tty
    this.#input = interactive ? new Input(context.stdin, tty ? detachKeys : null) : null
    this.#connection = connection
    const place = connection.headers[resumableHeader]
    this.#progress = place === undefined ? null : new Progress(place)
  }

  /** Copies to the end of the process, with other daemons if need be. Resolves with the exit code. */
  async finish(): Promise<number> {
    for (let result = await this.#copy(); ; ) {
      if (result === 'detached') throw new Error(detachMessage)
      const code = result === 'ended' ? await this.#exitCode() : null
      if (code !== null) return this.#verdict(code)
      await this.#recover()
      if (result === 'lost' || this.#tty) result = await this.#copyAgain()
    }
  }

  async #copy(): Promise<CopyResult> {
    const { stdout, stderr } = this.#context
    const { stream } = this.#connection
    // That of a pipe has ended with its daemon.
    const input = this.#wasLost && !this.#tty ? null : this.#input
    return await copyStreams({
      tty: this.#tty,
      stdout,
      stderr,
      output: stream,
      raw: this.#tty,
      ...(input && { input, inputTo: stream }),
      ...(this.#progress && { progress: this.#progress }),
    })
  }

  /** Null when it is not over yet, or the daemon has gone before it told. */
  async #exitCode(): Promise<number | null> {
    try {
      const { ExitCode, Running } = await this.#context.client.call('ExecInspect', { path: { id: this.#id } })
      return Running && this.#progress ? null : (ExitCode ?? 0)
    } catch (error) {
      if (this.#progress && isLost(error)) return null
      throw error
    }
  }

  #verdict(code: number): number {
    const cut = this.#wasLost && !this.#tty && this.#input?.begun && !this.#progress?.inputDelivered
    if (!cut) return code
    const problem = 'the input of the command was cut short when the daemon ended'
    throw new ExitError(125, `${problem}; its exit code was ${code}`)
  }

  async #recover(): Promise<void> {
    this.#connection.stream.destroy()
    if (!this.#wasLost && !this.#tty) this.#input?.discard()
    this.#wasLost = true
    await reconnected(this.#context, 'the command', { quiet: this.#tty })
  }

  /** A terminal from now on; of other output, what was not shown yet. */
  async #copyAgain(): Promise<CopyResult> {
    try {
      this.#connection = await this.#context.client.hijack('ExecRejoin', { path: { id: this.#id } })
    } catch (error) {
      if (isLost(error)) return 'lost'
      // A terminal whose process has ended meanwhile.
      if (this.#tty && isKind(error, 'Conflict')) return 'ended'
      if (!isKind(error, 'Conflict') && !isKind(error, 'NotFound')) throw error
      const problem = 'the output of the command cannot be read on after the daemon was lost'
      throw new ExitError(125, `${problem}: ${error.message}`)
    }
    if (this.#tty) await this.#redraw()
    else this.#progress?.startAgain()
    return await this.#copy()
  }

  /** A program draws its screen again when the size changes: so it is changed a little, and then to what it is. */
  async #redraw(): Promise<void> {
    const size = terminalSize(this.#context.stdout)
    if (size === undefined) return
    const { rows, columns } = size
    for (const w of [columns + 1, columns]) {
      const request = { path: { id: this.#id }, query: { h: rows, w } }
      await this.#context.client.call('ExecResize', request).catch(() => {})
    }
  }
}

/** The size of the terminal, as the API takes it; nothing without one. */
export function consoleSize({ stdout }: CommandContext, tty: boolean): { ConsoleSize?: number[] } {
  const size = tty ? terminalSize(stdout) : undefined
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }
}
