/** A container whose streams `run`, `start` and `attach` have joined, for as long as it lives: also across daemons. */
import type { Duplex } from 'node:stream'
import type { Operations } from '@gantry/api'
import type { HijackedConnection, PendingAnswer, ResponseBody } from '@gantry/client'
import { isKind, messageOf } from '@gantry/errors'
import { type CommandContext, ExitError } from '../framework/command.ts'
import { type CopyResult, copyStreams } from '../streams/copy-streams.ts'
import { Input } from '../streams/input.ts'
import { Progress, resumableHeader } from '../streams/progress.ts'
import type { DetachKeys } from './attached.ts'
import { isLost, reconnected } from './reconnect.ts'

type WaitAnswer = Operations['ContainerWait']['answer']

export interface JoinOptions {
  tty: boolean
  stdin: boolean
  stdout: boolean
  stderr: boolean
  /** Its input ends with the first client's, and with that client's daemon. */
  stdinOnce: boolean
  keys: DetachKeys
  /** What the exit code is waited for. */
  condition: 'removed' | 'next-exit' | 'not-running'
}

/** Joins the streams, and asks to be told of the end. Resolves when the engine does both. */
export async function joinContainer(
  context: CommandContext,
  id: string,
  options: JoinOptions,
): Promise<JoinedContainer> {
  const [connection, watch] = await Promise.all([
    attach(context, id, options, { stdin: options.stdin, output: true }),
    context.client.open('ContainerWait', { path: { id }, query: { condition: options.condition } }),
  ])
  return new JoinedContainer(context, id, options, connection, watch)
}

function attach(
  { client }: CommandContext,
  id: string,
  { stdout, stderr, keys }: JoinOptions,
  { stdin, output }: { stdin: boolean; output: boolean },
): Promise<HijackedConnection> {
  const query = {
    stream: true,
    stdin,
    stdout: stdout && output,
    stderr: stderr && output,
    resumable: true,
    ...(keys.text !== undefined && { detachKeys: keys.text }),
  }
  return client.hijack('ContainerJoin', { path: { id }, query })
}

/** The streams of a container, until it ends or its user leaves; a daemon that goes is waited for. */
class JoinedContainer {
  readonly #context: CommandContext
  readonly #id: string
  readonly #options: JoinOptions
  readonly #input: Input | null
  /** Null for an engine that does not know of it. */
  readonly #progress: Progress | null
  #connection: HijackedConnection
  #watch: PendingAnswer<WaitAnswer>
  /** The daemon has gone since, and its part of the input with it. */
  #wasLost = false
  /** Output came that nothing has kept. */
  #missesOutput = false

  constructor(
    context: CommandContext,
    id: string,
    options: JoinOptions,
    connection: HijackedConnection,
    watch: PendingAnswer<WaitAnswer>,
  ) {
    const { stdin, tty, keys } = options
    this.#context = context
    this.#id = id
    this.#options = options
    this.#connection = connection
    this.#watch = watch
    const place = connection.headers[resumableHeader]
    this.#progress = place === undefined ? null : new Progress(place)
    this.#input = stdin ? new Input(context.stdin, tty ? keys.bytes : null) : null
  }

  /** For a container that could not be started. `removed`: it is on its way. */
  async abandon(copied: Promise<unknown>): Promise<void> {
    this.#connection.stream.destroy()
    await copied.catch(() => {})
    if (this.#options.condition === 'removed') await this.#watch.answer.catch(() => {})
  }

  /** Copies to the end of the connection. */
  copy(): Promise<CopyResult> {
    const { tty, stdin } = this.#options
    const { stream } = this.#connection
    return copyStreams({
      ...this.#outputs,
      output: stream,
      raw: tty,
      ...(stdin && this.#input && { input: this.#input, inputTo: stream }),
    })
  }

  /** Goes on from what `copy` came to, with other daemons if need be, to the exit code of the container. */
  async finish(copied: CopyResult): Promise<number | 'detached'> {
    for (let result = copied; ; ) {
      if (result === 'detached') return result
      const code = result === 'ended' ? await this.#exitCode() : null
      if (code !== null) return this.#verdict(code)
      await this.#recover()
      // A terminal's stream ends the same way whether its container or its daemon has ended.
      if (result === 'lost' || this.#options.tty) result = await this.#copyAgain()
    }
  }

  /** What the copying options are whatever the output comes from. */
  get #outputs() {
    const { tty, stdout, stderr } = this.#options
    return {
      tty,
      ...(stdout && { stdout: this.#context.stdout }),
      ...(stderr && { stderr: this.#context.stderr }),
      ...(this.#progress && { progress: this.#progress }),
    }
  }

  get #what(): string {
    return `container ${this.#id}`
  }

  /** Null when the daemon has gone before it told. */
  async #exitCode(): Promise<number | null> {
    const { stderr } = this.#context
    try {
      const { StatusCode, Error: problem } = await this.#watch.answer
      if (!problem?.Message) return StatusCode
      stderr.write(`Error waiting for container: ${problem.Message}\n`)
    } catch (error) {
      if (this.#progress && isLost(error)) return null
      stderr.write(`error waiting for container: ${messageOf(error)}\n`)
    }
    return 125
  }

  /** The exit code, unless what the container was given was not all that it should have got. */
  #verdict(code: number): number {
    const { tty, stdinOnce } = this.#options
    const { stderr } = this.#context
    if (this.#missesOutput) {
      stderr.write(
        `some output of ${this.#what} may be missing: nothing has kept it while there was no daemon\n`,
      )
    }
    const cut = this.#wasLost && stdinOnce && !tty && this.#input?.begun && !this.#progress?.inputDelivered
    if (!cut) return code
    const problem = `the input of ${this.#what} was cut short when the daemon ended`
    throw new ExitError(125, `${problem}; its exit code was ${code}`)
  }

  /** Finds the daemon again, and has it tell of the end. */
  async #recover(): Promise<void> {
    const { tty, condition, stdinOnce } = this.#options
    this.#connection.stream.destroy()
    if (!this.#wasLost && stdinOnce && !tty) this.#input?.discard()
    this.#wasLost = true
    for (;;) {
      await reconnected(this.#context, this.#what, { quiet: tty })
      try {
        this.#watch = await this.#context.client.open('ContainerWait', {
          path: { id: this.#id },
          query: { condition: condition === 'removed' ? 'removed' : 'not-running' },
        })
        return
      } catch (error) {
        if (isKind(error, 'NotFound'))
          throw new ExitError(125, `${this.#what} has ended and was removed: its exit code is not known`)
        if (!isLost(error)) throw error
      }
    }
  }

  /** Reads on where the output broke off, or joins what comes from now on where that is not known. */
  async #copyAgain(): Promise<CopyResult> {
    try {
      const log = await this.#readOn()
      return await (log ? this.#copyLog(log) : this.#copyLive())
    } catch (error) {
      if (!isLost(error)) throw error
      return 'lost'
    }
  }

  /** The log from where we are; null where there is none, or where it does not go back that far. */
  async #readOn(): Promise<ResponseBody | null> {
    const { stdout, stderr } = this.#options
    const start = this.#progress?.place
    if (!start) return null
    const query = { follow: true, stdout, stderr, resumable: true, start }
    try {
      return await this.#context.client.download('ContainerReadOn', { path: { id: this.#id }, query })
    } catch (error) {
      if (isKind(error, 'Conflict')) return null
      throw error
    }
  }

  async #copyLog(log: ResponseBody): Promise<CopyResult> {
    const input = this.#goesOn
    const inputTo = input && (await this.#joinInput())
    this.#progress?.startAgain()
    try {
      return await copyStreams({
        ...this.#outputs,
        output: log,
        raw: false,
        ...(input && inputTo && { input, inputTo }),
      })
    } finally {
      log.destroy()
      inputTo?.destroy()
    }
  }

  /** Input that another daemon can take: that of a pipe ends with its daemon. */
  get #goesOn(): Input | null {
    const { tty, stdinOnce } = this.#options
    return this.#input?.ended || (stdinOnce && !tty) ? null : this.#input
  }

  /** A connection for input alone; null when the container cannot be joined now. */
  async #joinInput(): Promise<Duplex | null> {
    try {
      const { stream } = await attach(this.#context, this.#id, this.#options, { stdin: true, output: false })
      return stream.resume()
    } catch (error) {
      if (isKind(error, 'Conflict')) return null
      throw error
    }
  }

  async #copyLive(): Promise<CopyResult> {
    this.#missesOutput = true
    const { State: state } = await this.#context.client.call('ContainerInspect', { path: { id: this.#id } })
    if (!state?.Running) return 'ended'
    const input = this.#goesOn
    const how = { stdin: input !== null, output: true }
    this.#connection = await attach(this.#context, this.#id, this.#options, how)
    const { stream, headers } = this.#connection
    this.#progress?.goOnAt(headers[resumableHeader])
    const { tty } = this.#options
    return await copyStreams({
      ...this.#outputs,
      output: stream,
      raw: tty,
      ...(input && { input, inputTo: stream }),
    })
  }
}
