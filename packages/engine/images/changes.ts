/** Dockerfile instructions applied to a configuration, as `import --change` and `commit --change` take them. */
import { configure } from '@gantry/build'
import { parseTrigger, StageScope } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import type { RunConfig } from '@gantry/oci'

const allowed = new Set(
  'cmd entrypoint env expose healthcheck label onbuild stopsignal user volume workdir'.split(' '),
)

/**
 * The configuration with the changes made, in order; variables are those of its own environment. Throws
 * InvalidParameter, e.g. `nope is not a valid change command`.
 */
export function applyChanges(config: RunConfig, changes: readonly string[]): RunConfig {
  return changes
    .flatMap((change) => change.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .reduce(applyChange, config)
}

function applyChange(config: RunConfig, line: string): RunConfig {
  const [name = ''] = line.toLowerCase().split(/\s/, 1)
  if (!allowed.has(name)) throw new GantryError('InvalidParameter', `${name} is not a valid change command`)
  const env = (config.Env ?? []).map((word): [string, string] => {
    const [variable = ''] = word.split('=', 1)
    return [variable, word.slice(variable.length + 1)]
  })
  const scope = new StageScope(new Map(), new Map(), env, '\\')
  return configure(config, scope.enter(parseTrigger(line)), true)
}
