/** What `image history` shows of an instruction: BuildKit's words. */

import { type Instruction, withHiddenUsers } from '@gantry/dockerfile'
import type { HistoryEntry, RunConfig } from '@gantry/oci'
import { quotedHealthcheck, quotedList } from './classic-history.ts'
import { commandLine, makesLayer, workingDirectory } from './configuration.ts'
import { exposedPorts } from './ports.ts'
import { processOf } from './run-step.ts'

export const historyComment = 'buildkit.dockerfile.v0'

/**
 * The entry of an instruction whose variables have been replaced; null for a trigger, which BuildKit writes nothing of.
 * `args` are the build arguments that the stage has declared, as `NAME=value`.
 */
export function historyOf(
  instruction: Instruction,
  config: RunConfig,
  args: readonly string[],
): HistoryEntry | null {
  if (instruction.instruction === 'ONBUILD') return null
  const entry = { created_by: createdBy(instruction, config, args), comment: historyComment }
  return makesLayer(instruction, config) ? entry : { ...entry, empty_layer: true }
}

function createdBy(
  instruction: Exclude<Instruction, { instruction: 'ONBUILD' }>,
  config: RunConfig,
  args: readonly string[],
): string {
  switch (instruction.instruction) {
    case 'RUN': {
      const given = args.length > 0 ? `|${args.length} ${args.join(' ')} ` : ''
      const { args: words, script } = processOf(instruction, config)
      // BuildKit has the shell start it.
      const shell = script ? commandLine(config, { form: 'shell', args: [''] }).slice(0, -1) : []
      return `RUN ${given}${[...shell, ...words].join(' ')} # buildkit`
    }
    case 'COPY':
    case 'ADD': {
      const { sources, heredocs, dest, chown, chmod } = instruction
      const parents = 'parents' in instruction && instruction.parents && '--parents'
      const flags = [parents, chown && `--chown=${chown}`, chmod && `--chmod=${chmod}`].filter(Boolean)
      const from = [...sources.map(withHiddenUsers), ...heredocs.map(({ name }) => `<<${name}`)]
      return [instruction.instruction, ...flags, ...from, dest, '# buildkit'].join(' ')
    }
    case 'CMD':
    case 'ENTRYPOINT':
      return `${instruction.instruction} ${quotedList(commandLine(config, instruction))}`
    case 'ENV':
    case 'LABEL':
      return `${instruction.instruction} ${instruction.pairs.map(({ key, value }) => `${key}=${value}`).join(' ')}`
    case 'ARG':
      return `ARG ${instruction.args.map(({ key, value }) => (value === null ? key : `${key}=${value}`)).join(' ')}`
    case 'WORKDIR':
      return `WORKDIR ${workingDirectory(config, instruction.value)}`
    case 'USER':
    case 'STOPSIGNAL':
    case 'MAINTAINER':
      return `${instruction.instruction} ${instruction.value}`
    case 'EXPOSE':
      return `EXPOSE map[${Object.keys(exposedPorts(instruction.ports))
        .sort()
        .map((port) => `${port}:{}`)
        .join(' ')}]`
    case 'VOLUME':
      return `VOLUME [${instruction.paths.join(' ')}]`
    case 'SHELL':
      return `SHELL [${instruction.args.join(' ')}]`
    case 'HEALTHCHECK':
      return `HEALTHCHECK ${quotedHealthcheck(instruction, true)}`
  }
}
