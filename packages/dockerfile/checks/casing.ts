/** Rules about small and capital letters. */
import type { Dockerfile } from '../parse.ts'
import type { Finding } from './rules.ts'

const isLower = (text: string): boolean => text === text.toLowerCase()
const isUpper = (text: string): boolean => text === text.toUpperCase()

/**
 * Findings on upper and lower case: names of stages, FROM with AS, instructions among each other, protocols of ports.
 */
export function* casing(dockerfile: Dockerfile): Generator<Finding> {
  yield* stageNames(dockerfile)
  yield* fromAs(dockerfile)
  yield* instructions(dockerfile)
  yield* protocols(dockerfile)
}

function* stageNames({ stages }: Dockerfile): Generator<Finding> {
  for (const { writtenName = '', lines } of stages)
    if (!isLower(writtenName))
      yield { rule: 'StageNameCasing', message: `Stage name '${writtenName}' should be lowercase`, lines }
}

function* fromAs({ statements }: Dockerfile): Generator<Finding> {
  for (const { name, written, rest, lines } of statements) {
    const [, as] = name === 'FROM' ? (/\s(as)\s+\S+\s*$/i.exec(rest) ?? []) : []
    if (as === undefined || !(isLower(written) || isUpper(written))) continue
    if (isLower(written) ? !isLower(as) : !isUpper(as))
      yield { rule: 'FromAsCasing', message: `'${as}' and '${written}' keywords' casing do not match`, lines }
  }
}

/** The majority decides; a word in mixed letters is always wrong. */
function* instructions({ statements }: Dockerfile): Generator<Finding> {
  const first = statements.findIndex(({ name }) => name === 'FROM')
  const inStages = statements.slice(Math.max(first, 0))
  const lower = inStages.filter(({ written }) => isLower(written)).length
  const upper = inStages.filter(({ written }) => isUpper(written)).length
  const [isRight, name] = lower > upper ? [isLower, 'lowercase'] : [isUpper, 'uppercase']
  for (const { written, lines } of inStages)
    if (!isRight(written)) {
      const message = `Command '${written}' should match the case of the command majority (${name})`
      yield { rule: 'ConsistentInstructionCasing', message, lines }
    }
}

function* protocols({ stages }: Dockerfile): Generator<Finding> {
  for (const command of stages.flatMap(({ commands }) => commands)) {
    if (command.instruction !== 'EXPOSE') continue
    for (const port of command.ports) {
      const [, protocol = ''] = port.split('/')
      if (isLower(protocol) || protocol.includes('$')) continue
      const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`
      yield { rule: 'ExposeProtoCasing', message, lines: command.lines }
    }
  }
}
