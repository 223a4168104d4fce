/** What instructions change in an image's configuration. */
import { constants } from 'node:os'
import { posix } from 'node:path'
import type { CommandInstruction, Healthcheck, Instruction } from '@gantry/dockerfile'
import { DockerfileProblem } from '@gantry/dockerfile'
import type { RunConfig } from '@gantry/oci'
import { exposedPorts } from './ports.ts'

const defaultShell = ['/bin/sh', '-c']

/** The words that run a command: the shell's for its shell form. */
export function commandLine(
  config: RunConfig,
  { form, args }: Pick<CommandInstruction, 'form' | 'args'>,
): string[] {
  if (form === 'exec') return args
  return args.length === 0 ? [] : [...(config.Shell ?? defaultShell), ...args]
}

/**
 * The configuration after an instruction whose variables have been replaced. RUN, COPY, ADD and ARG change nothing
 * in it. `commandGiven`: CMD stood in this stage already, so that ENTRYPOINT leaves it.
 */
export function configure(config: RunConfig, instruction: Instruction, commandGiven = false): RunConfig {
  switch (instruction.instruction) {
    case 'CMD':
      return { ...config, Cmd: commandLine(config, instruction) }
    case 'ENTRYPOINT': {
      const { Cmd, ...rest } = config
      const entrypoint = { ...rest, Entrypoint: commandLine(config, instruction) }
      return commandGiven && Cmd ? { ...entrypoint, Cmd } : entrypoint
    }
    case 'ENV':
      return { ...config, Env: withVariables(config.Env ?? [], instruction.pairs) }
    case 'LABEL': {
      const labels = Object.fromEntries(instruction.pairs.map(({ key, value }) => [key, value]))
      return { ...config, Labels: { ...config.Labels, ...labels } }
    }
    case 'EXPOSE':
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...exposedPorts(instruction.ports) } }
    case 'VOLUME':
      return { ...config, Volumes: { ...config.Volumes, ...volumes(instruction.paths) } }
    case 'USER':
      return { ...config, User: instruction.value }
    case 'WORKDIR':
      return { ...config, WorkingDir: workingDirectory(config, instruction.value) }
    case 'STOPSIGNAL':
      return { ...config, StopSignal: stopSignal(instruction.value) }
    case 'HEALTHCHECK':
      return { ...config, Healthcheck: healthcheck(instruction) }
    case 'SHELL':
      return { ...config, Shell: instruction.args }
    case 'ONBUILD':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.trigger] }
    default:
      return config
  }
}

/** `NAME=value` words with these set: in their place when they are there, at the end otherwise. */
function withVariables(env: readonly string[], pairs: readonly { key: string; value: string }[]): string[] {
  const result = [...env]
  for (const { key, value } of pairs) {
    const at = result.findIndex((each) => each.startsWith(`${key}=`))
    result.splice(at < 0 ? result.length : at, at < 0 ? 0 : 1, `${key}=${value}`)
  }
  return result
}

/** A WORKDIR as an absolute path: one that is relative goes on from the directory before it. */
export const workingDirectory = (config: RunConfig, path: string): string =>
  posix.resolve('/', config.WorkingDir ?? '/', path)

/** Instructions that are counted in names of steps. */
export const stepInstructions: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR'])

/** Whether an instruction makes a layer. The root is there already, so that `WORKDIR /` needs none. */
export const makesLayer = (instruction: Instruction, config: RunConfig): boolean =>
  stepInstructions.has(instruction.instruction) &&
  !(instruction.instruction === 'WORKDIR' && workingDirectory(config, instruction.value) === '/')

function volumes(paths: readonly string[]): Record<string, Record<string, never>> {
  if (paths.some((path) => path.trim() === ''))
    throw new DockerfileProblem('VOLUME specified can not be an empty string')
  return Object.fromEntries(paths.map((path) => [path, {}]))
}

function stopSignal(value: string): string {
  const isKnown = /^\d+$/.test(value) ? Number(value) >= 1 && Number(value) <= 64 : isSignalName(value)
  if (!isKnown) throw new DockerfileProblem(`invalid signal: ${value}`)
  return value
}

function isSignalName(value: string): boolean {
  const name = value.toUpperCase().replace(/^SIG/, '')
  return `SIG${name}` in constants.signals || /^(RTMIN(\+\d{1,2})?|RTMAX(-\d{1,2})?)$/.test(name)
}

function healthcheck(instruction: Healthcheck): NonNullable<RunConfig['Healthcheck']> {
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction
  return {
    Test: test,
    ...(interval && { Interval: interval }),
    ...(timeout && { Timeout: timeout }),
    ...(startPeriod && { StartPeriod: startPeriod }),
    ...(startInterval && { StartInterval: startInterval }),
    ...(retries && { Retries: retries }),
  }
}
