import type { ContainerConfig, HealthConfig } from '@gantry/api'
import { messageOf } from '@gantry/errors'
import type { ExecTask } from '@gantry/runtime'
import { announce } from './announce.ts'
import { within } from './clock.ts'
import type { Container } from './container.ts'
import { newId } from './create.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { linkVariables, presentLinks } from './links.ts'
import { rootFilesystem } from './paths.ts'
import type { Registry } from './registry.ts'

export interface ProbeResult {
  start: Date
  end: Date
  /** 0: healthy; -1: it could not be run, or took too long. */
  exitCode: number
  output: string
}

/** Runs one health check. Null when `stopped` called it off: the container ends or is paused. */
export interface Prober {
  probe(
    container: Container,
    command: string[],
    timeout: number,
    stopped: AbortSignal,
  ): Promise<ProbeResult | null>
}

/** What a check executes; null for none. */
export function probeCommand(check: HealthConfig, shell: ContainerConfig['Shell']): string[] | null {
  const [kind, ...rest] = check.Test ?? []
  if (kind === 'CMD') return rest
  if (kind === 'CMD-SHELL') return [...(shell?.length ? shell : ['/bin/sh', '-c']), ...rest]
  return null
}

const second = 1000

/** Milliseconds, from the configuration's nanoseconds; Docker's defaults for what is left at zero. */
export function probeSettings(check: HealthConfig) {
  const milliseconds = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds ? nanoseconds / 1e6 : otherwise
  return {
    interval: milliseconds(check.Interval, 30 * second),
    timeout: milliseconds(check.Timeout, 30 * second),
    startPeriod: milliseconds(check.StartPeriod, 0),
    startInterval: milliseconds(check.StartInterval, 5 * second),
    retries: check.Retries || 3,
  }
}

const SIGKILL = 9
/** Bytes of output that a result keeps. */
const keptOutput = 4096
/** The time to start the command is the engine's, not the check's: it has a bound of its own. */
const startTimeout = 30 * second
/** How long a killed check is waited for, so that dying checks do not pile up. */
const killTimeout = 10 * second

/** Runs checks as execs in the container, announced as such. */
export class ExecProber implements Prober {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  async probe(container: Container, command: string[], timeout: number, stopped: AbortSignal) {
    const start = this.#deps.clock.now()
    const result = await this.#run(container, command, timeout, stopped).catch((error) => ({
      // A command that cannot be run is a failed check, not a failed daemon.
      exitCode: -1,
      output: messageOf(error),
    }))
    if (!result || stopped.aborted || !container.task) return null
    return { start, end: this.#deps.clock.now(), ...result }
  }

  async #run(container: Container, command: string[], timeout: number, stopped: AbortSignal) {
    const { clock } = this.#deps
    const exec = await this.#start(container, command)
    await using _attachment = exec.attachment ?? undefined
    const output = new KeptOutput()
    const done = Promise.all([exec.exit, output.collect(exec)])
    if (await within(clock, timeout, done, stopped)) {
      const { exitCode } = await exec.exit
      return { exitCode, output: output.text }
    }
    await exec.kill(SIGKILL, { group: true }).catch(() => {})
    await within(clock, killTimeout, exec.exit)
    if (stopped.aborted) return null
    const said = output.text === '' ? '' : `: ${output.text}`
    return { exitCode: -1, output: `Health check exceeded timeout (${goDuration(timeout)})${said}` }
  }

  async #start(container: Container, command: string[]): Promise<ExecTask> {
    const { spec, networks, events, clock } = this.#deps
    const { record, task } = container
    if (!task) throw new Error('the container has ended')
    const id = newId()
    const line = `${command[0]} ${command.slice(1).join(' ')}`
    announce(events, container, `exec_create: ${line}`, { execID: id })
    const rootfs = await rootFilesystem(this.#deps, record)
    const variables = linkVariables(container, presentLinks(container, this.#registry, networks))
    const process = await spec.exec({ record, rootfs, exec: { cmd: command }, linkVariables: variables })
    announce(events, container, `exec_start: ${line}`, { execID: id })
    const starting = task.exec({ id, process, stdio: { terminal: false, stdin: 'none' }, attach: true })
    void starting
      .then(({ exit }) => exit)
      .then(({ exitCode }) => {
        if (container.gone) return
        announce(events, container, 'exec_die', { execID: id, exitCode: String(exitCode) })
      })
      .catch(() => {})
    if (await within(clock, startTimeout, starting)) return await starting
    void starting.then((late) => late.kill(SIGKILL, { group: true })).catch(() => {})
    throw new Error(`timed out starting health check for container ${container.id}`)
  }
}

/** The first bytes; the rest is read and dropped, so that the command never waits for a reader. */
class KeptOutput {
  readonly #chunks: Buffer[] = []
  #size = 0

  async collect(exec: ExecTask): Promise<void> {
    try {
      for await (const { data } of exec.attachment?.output ?? []) {
        if (this.#size < keptOutput) this.#chunks.push(data)
        this.#size += data.length
      }
    } catch {
      // The connection broke off with the container: what came is the result.
    }
  }

  /** Docker marks what was cut off. */
  get text(): string {
    const text = Buffer.concat(this.#chunks).subarray(0, keptOutput).toString()
    return this.#size > keptOutput ? `${text}...` : text
  }
}

/** Go's notation of a duration, as far as whole milliseconds need it: `30s`, `1m30s`, `500ms`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds < second) return `${milliseconds}ms`
  const minutes = Math.floor(milliseconds / 60_000)
  const seconds = `${(milliseconds % 60_000) / second}s`
  if (minutes === 0) return seconds
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`
}
