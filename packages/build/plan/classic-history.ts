/** What `image history` shows of an instruction in an image of Docker's classic builder. */
import { type Healthcheck, type Instruction, withHiddenUsers } from '@gantry/dockerfile'
import type { HistoryEntry, RunConfig } from '@gantry/oci'
import { commandLine, configure, makesLayer, workingDirectory } from './configuration.ts'
import { processOf } from './run-step.ts'

/** As `historyOf`: the comment, which is empty, marks the entries of this build. */
export function classicHistoryOf(
  instruction: Instruction,
  config: RunConfig,
  args: readonly string[],
): HistoryEntry {
  const entry = { created_by: createdBy(instruction, config, args), comment: '' }
  return makesLayer(instruction, config) ? entry : { ...entry, empty_layer: true }
}

function createdBy(instruction: Instruction, config: RunConfig, args: readonly string[]): string {
  if (instruction.instruction === 'RUN') {
    const given = args.length > 0 ? [`|${args.length}`, ...args] : []
    return [...given, ...processOf(instruction, config).args].join(' ')
  }
  // SHELL counts for its own line already.
  const { Shell = ['/bin/sh', '-c'] } =
    instruction.instruction === 'SHELL' ? configure(config, instruction) : config
  // These were written with one word less in between.
  const isClose = ['COPY', 'ADD', 'WORKDIR'].includes(instruction.instruction)
  return [...Shell, isClose ? '#(nop)' : '#(nop) ', textOf(instruction, config)].join(' ')
}

function textOf(instruction: Instruction, config: RunConfig): string {
  const { instruction: name } = instruction
  switch (instruction.instruction) {
    case 'COPY':
    case 'ADD': {
      const { sources, heredocs, dest, chown } = instruction
      const flags = chown === undefined ? [] : [`--chown=${chown}`]
      const from = [...sources.map(withHiddenUsers), ...heredocs.map((document) => `<<${document.name}`)]
      return `${[name, ...flags, ...from].join(' ')} in ${dest} `
    }
    case 'CMD':
    case 'ENTRYPOINT':
      return `${name} ${quotedList(commandLine(config, instruction))}`
    case 'ENV':
    case 'LABEL':
      return [name, ...instruction.pairs.map(({ key, value }) => `${key}=${value}`)].join(' ')
    case 'ARG':
      return [
        'ARG',
        ...instruction.args.map(({ key, value }) => (value === null ? key : `${key}=${value}`)),
      ].join(' ')
    case 'WORKDIR':
      return `WORKDIR ${workingDirectory(config, instruction.value)}`
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return `${name} ${instruction.value}`
    case 'EXPOSE':
      return `EXPOSE ${instruction.ports.join(' ')}`
    case 'VOLUME':
      return `VOLUME [${instruction.paths.join(' ')}]`
    case 'SHELL':
      return `SHELL [${instruction.args.join(' ')}]`
    case 'ONBUILD':
      return `ONBUILD ${instruction.trigger}`
    case 'HEALTHCHECK':
      return `HEALTHCHECK ${quotedHealthcheck(instruction)}`
    default:
      return instruction.source
  }
}

/** Go's `%q` of a list of texts. */
export const quotedList = (words: readonly string[]): string =>
  `[${words.map((word) => JSON.stringify(word)).join(' ')}]`

/**
 * Go's `%q` of the structure: durations as texts, the number of retries as a character; as newer versions have it
 * `withStartInterval`.
 */
export function quotedHealthcheck(
  { test, interval, timeout, startPeriod, startInterval, retries }: Healthcheck,
  withStartInterval = false,
): string {
  const all = [interval, timeout, startPeriod, ...(withStartInterval ? [startInterval] : [])]
  const times = all.map((time) => JSON.stringify(duration(time)))
  return `&{${[quotedList(test), ...times, character(retries)].join(' ')}}`
}

function character(code: number): string {
  const named: Record<number, string> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  }
  const text =
    named[code] ??
    (code < 32 || code === 127 ? `\\x${code.toString(16).padStart(2, '0')}` : String.fromCodePoint(code))
  return `'${text}'`
}

/** Nanoseconds as Go writes them: `1m30s`, `500ms`. */
function duration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`
  const seconds = nanoseconds / 1e9
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = Number((seconds % 60).toFixed(9))
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`
}
