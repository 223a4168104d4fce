/** All checks that need nothing but the Dockerfile. */
import type { Dockerfile } from '../parse.ts'
import { casing } from './casing.ts'
import { descriptionRules } from './descriptions.ts'
import { instructionRules } from './instructions.ts'
import type { Finding } from './rules.ts'
import { stageRules } from './stages.ts'

/** `source` is the Dockerfile's text; `automatic` are the names of arguments that every build has. */
export function checkDockerfile(
  dockerfile: Dockerfile,
  source: string,
  automatic: readonly string[],
): Finding[] {
  const empty = dockerfile.warnings.map(
    ({ lines }): Finding => ({ rule: 'NoEmptyContinuation', message: 'Empty continuation line', lines }),
  )
  return [
    ...empty,
    ...casing(dockerfile),
    ...stageRules(dockerfile, automatic),
    ...instructionRules(dockerfile),
    ...descriptionRules(dockerfile, source.split(/\r?\n/)),
  ]
}
