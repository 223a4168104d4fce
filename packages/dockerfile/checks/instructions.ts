/** Rules about single instructions. */
import type { Instruction } from '../instruction.ts'
import type { Dockerfile, Stage } from '../parse.ts'
import type { Finding } from './rules.ts'

/**
 * Findings on what instructions do: within a stage, with what it has from the stage it is based on, and ARG before
 * the first FROM.
 */
export function* instructionRules(dockerfile: Dockerfile): Generator<Finding> {
  for (const { args, lines } of dockerfile.globals)
    yield* secrets(
      'ARG',
      args.map(({ key }) => key),
      lines,
    )
  const after = new Map<string, Inherited>()
  for (const stage of dockerfile.stages) {
    const state = { ...(after.get(stage.from.toLowerCase()) ?? nothing) }
    yield* stageInstructions(stage, state)
    if (stage.name !== undefined) after.set(stage.name, state)
  }
}

/** What a stage has from an earlier one that it is based on. */
interface Inherited {
  hasShell: boolean
  hasWorkdir: boolean
}

const nothing: Inherited = { hasShell: false, hasWorkdir: false }
const onlyOnce = new Set(['CMD', 'ENTRYPOINT', 'HEALTHCHECK'])

function* stageInstructions({ commands }: Stage, state: Inherited): Generator<Finding> {
  const earlier = new Map<string, Instruction>()
  for (const command of commands) {
    yield* single(command, state)
    const { instruction } = command
    if (!onlyOnce.has(instruction)) continue
    const previous = earlier.get(instruction)
    earlier.set(instruction, command)
    if (!previous) continue
    const message = `Multiple ${instruction} instructions should not be used in the same stage because only the last one will be used`
    yield { rule: 'MultipleInstructionsDisallowed', message, lines: previous.lines }
  }
}

function* single(command: Instruction, state: Inherited): Generator<Finding> {
  const { lines, instruction } = command
  switch (command.instruction) {
    case 'SHELL':
      state.hasShell = true
      return
    case 'CMD':
    case 'ENTRYPOINT':
      if (command.form === 'shell' && !state.hasShell) {
        const message = `JSON arguments recommended for ${instruction} to prevent unintended behavior related to OS signals`
        yield { rule: 'JSONArgsRecommended', message, lines }
      }
      return
    case 'MAINTAINER': {
      const message = 'Maintainer instruction is deprecated in favor of using label'
      yield { rule: 'MaintainerDeprecated', message, lines }
      return
    }
    case 'WORKDIR': {
      const isKnown = /^["']?[/$]/.test(command.value)
      if (!isKnown && !state.hasWorkdir) {
        const message = `Relative workdir ${JSON.stringify(command.value)} can have unexpected results if the base image changes`
        yield { rule: 'WorkdirRelativePath', message, lines }
      }
      state.hasWorkdir = true
      return
    }
    case 'ENV':
    case 'LABEL':
      if (command.pairs.some(({ legacy }) => legacy)) {
        const message = `"${instruction} key=value" should be used instead of legacy "${instruction} key value" format`
        yield { rule: 'LegacyKeyValueFormat', message, lines }
      }
      if (command.instruction === 'ENV') {
        const names = command.pairs.map(({ key }) => key)
        yield* secrets('ENV', names, lines)
      }
      return
    case 'ARG':
      yield* secrets(
        'ARG',
        command.args.map(({ key }) => key),
        lines,
      )
      return
    case 'EXPOSE':
      for (const port of command.ports.filter((each) => each.includes(':') && !each.includes('$'))) {
        const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`
        yield { rule: 'ExposeInvalidFormat', message, lines }
      }
      return
    default:
  }
}

const word = (choices: string): RegExp => new RegExp(`(?:_|^)(?:${choices})(?:_|$)`, 'i')
const secret = word('apikey|auth|credentials?|key|password|pword|passwd|secret|token')
const open = word('public')

function* secrets(
  instruction: 'ARG' | 'ENV',
  names: readonly string[],
  lines: Finding['lines'],
): Generator<Finding> {
  for (const name of names) {
    if (!secret.test(name) || open.test(name)) continue
    const message = `Do not use ARG or ENV instructions for sensitive data (${instruction} ${JSON.stringify(name)})`
    yield { rule: 'SecretsUsedInArgOrEnv', message, lines }
  }
}
