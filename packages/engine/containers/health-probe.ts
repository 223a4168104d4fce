import type { ContainerConfig, HealthConfig } from '@gantry/api'
import { messageOf } from '@gantry/errors'
import type { ExecTask } from '@gantry/runtime'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import { newId } from './create.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { rootFilesystem } from './paths.ts'

export interface ProbeResult {
  start: Date
  end: Date
  /** 0: healthy; -1: it took too long. */
  exitCode: number
  output: string
}

/** Runs one health check. Null when it could not be run because the container is ending. */
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

/** Runs checks as execs in the container, announced as such. */
export class ExecProber implements Prober {
  readonly #deps: ContainerDependencies

  constructor(deps: ContainerDependencies) {
    this.#deps = deps
  }

  async probe(container: Container, command: string[], timeout: number, stopped: AbortSignal) {
    const start = this.#deps.clock.now()
    try {
      const { exitCode, output } = await this.#run(container, command, timeout, stopped)
      return { start, end: this.#deps.clock.now(), exitCode, output }
    } catch (error) {
      if (stopped.aborted || !container.task) return null
      // A command that cannot be run is a failed check, not a failed daemon.
      return { start, end: this.#deps.clock.now(), exitCode: -1, output: messageOf(error) }
    }
  }

  async #run(container: Container, command: string[], timeout: number, stopped: AbortSignal) {
    const { spec, events, clock } = this.#deps
    const { record, task } = container
    if (!task) throw new Error('the container has ended')
    const id = newId()
    const line = `${command[0]} ${command.slice(1).join(' ')}`
    announce(events, container, `exec_create: ${line}`, { execID: id })
    const rootfs = await rootFilesystem(this.#deps, record)
    const process = await spec.exec({ record, rootfs, exec: { cmd: command } })
    announce(events, container, `exec_start: ${line}`, { execID: id })
    const exec = await task.exec({ id, process, stdio: { terminal: false, stdin: 'none' }, attach: true })
    await using _attachment = exec.attachment ?? undefined
    const late = Promise.withResolvers<null>()
    const cancel = clock.after(timeout, () => late.resolve(null))
    const end = () => late.resolve(null)
    stopped.addEventListener('abort', end, { once: true })
    const finished = await Promise.race([Promise.all([exec.exit, collect(exec)]), late.promise])
    cancel()
    stopped.removeEventListener('abort', end)
    if (!finished) {
      await exec.kill(SIGKILL).catch(() => {})
      return { exitCode: -1, output: `Health check exceeded timeout (${goDuration(timeout)})` }
    }
    const [{ exitCode }, output] = finished
    announce(events, container, 'exec_die', { execID: id, exitCode: String(exitCode) })
    return { exitCode, output }
  }
}

/** The first bytes; the rest is read and dropped, so that the command never waits for a reader. */
async function collect(exec: ExecTask): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const { data } of exec.attachment?.output ?? []) {
      if (size < keptOutput) chunks.push(data)
      size += data.length
    }
  } catch {
    // The connection broke off with the container: what came is the result.
  }
  return Buffer.concat(chunks).subarray(0, keptOutput).toString()
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
