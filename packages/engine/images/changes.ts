/** Dockerfile instructions applied to a configuration, as `import --change` and `commit --change` take them. */
import { configure } from '@gantry/build'
import { type Instruction, parseInstructions, StageScope } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import type { RunConfig } from '@gantry/oci'

const allowed = new Set(
  'cmd entrypoint env expose healthcheck label onbuild stopsignal user volume workdir'.split(' '),
)

/**
 * The configuration with the changes made, in order; variables are those of its own environment. The changes are one text,
 * a line or more each. Throws InvalidParameter, e.g. `nope is not a valid change command`.
 */
export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  if (changes.length === 0) return config
  return parseInstructions(changes.join('\n'), checkName).reduce(applyChange, config)
}

function checkName(name: string): void {
  const written = name.toLowerCase()
  if (!allowed.has(written))
    throw new GantryError('InvalidParameter', `${written} is not a valid change command`)
}

function applyChange(config: RunConfig, instruction: Instruction): RunConfig {
  const env = (config.Env ?? []).map((word): [string, string] => {
    const [variable = ''] = word.split('=', 1)
    return [variable, word.slice(variable.length + 1)]
  })
  const scope = new StageScope(new Map(), new Map(), env, '\\')
  return configure(config, scope.enter(instruction), true)
}
