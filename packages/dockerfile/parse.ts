/** A whole Dockerfile: directives, global arguments and stages. */
import { type Directives, readDirectives } from './directives.ts'
import { Flags } from './flags.ts'
import type { Arg, Instruction } from './instruction.ts'
import { type Statement, splitStatements, type Warning } from './lines.ts'
import { parseInstruction, prepare } from './parse-instruction.ts'
import { at, DockerfileProblem, type LineRange } from './problem.ts'
import { splitBlanks } from './words.ts'

export interface Stage {
  /** The base as it was written: an earlier stage, a named context, an image, or `scratch`. */
  from: string
  /** Its name, in small letters. */
  name?: string
  /** As it was written. */
  writtenName?: string
  platform?: string
  lines: LineRange
  source: string
  commands: Instruction[]
}

export interface Dockerfile {
  directives: Directives
  /** ARG instructions before the first FROM. */
  globals: Arg[]
  stages: Stage[]
  /** Every statement, for checks of style. */
  statements: Statement[]
  warnings: Warning[]
}

/** Each has a state of its own, with all that was set before it: their memory grows with the square of their number. */
const mostInstructions = 5000

const nothingThere = 'file with no instructions'

/** Reads a Dockerfile (the Dockerfile reference, syntax 1.26). Throws DockerfileProblem. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  if (lines.at(-1) === '') lines.pop()
  const directives = readDirectives(lines)
  const { statements, warnings } = splitStatements(lines, directives.escape)
  if (statements.length === 0) {
    const place = { first: lines.length, last: lines.length }
    throw new DockerfileProblem(nothingThere, place)
  }
  if (statements.length > mostInstructions)
    throw new DockerfileProblem(
      `more than ${mostInstructions} instructions`,
      statements[mostInstructions]?.lines,
    )
  const globals: Arg[] = []
  const stages: Stage[] = []
  for (const statement of statements) {
    if (statement.name === 'FROM') {
      stages.push(at(statement.lines, () => parseFrom(statement, directives)))
      continue
    }
    const instruction = parseInstruction(statement, directives.escape)
    const stage = stages.at(-1)
    if (stage) stage.commands.push(instruction)
    else if (instruction.instruction === 'ARG') globals.push(instruction)
    else throw new DockerfileProblem('no build stage in current context', statement.lines)
  }
  return { directives, globals, stages, statements, warnings }
}

const stageName = /^[a-z][a-z0-9-_.]*$/

function parseFrom(statement: Statement, { escape: mark }: Directives): Stage {
  const { flags: written, text, place } = prepare(statement, mark)
  const words = splitBlanks(text)
  const [from = '', as = 'AS', writtenName] = words
  if (words.length !== 1 && !(words.length === 3 && as.toUpperCase() === 'AS'))
    throw new DockerfileProblem('FROM requires either one or three arguments')
  const name = writtenName?.toLowerCase()
  if (name !== undefined && !stageName.test(name))
    throw new DockerfileProblem(
      `invalid name for build stage: ${JSON.stringify(writtenName)}, name can't start with a number or contain symbols`,
    )
  const platform = new Flags(written, { platform: 'text' }).text('platform')
  return {
    from,
    ...(name !== undefined && { name, writtenName }),
    ...(platform !== undefined && { platform }),
    ...place,
    commands: [],
  }
}

/**
 * Reads instructions that are not in a stage, as `commit --change` has them; `check` sees the name of each, in capitals,
 * before any is read. Throws DockerfileProblem, also where there are none.
 */
export function parseInstructions(text: string, check: (name: string) => void): Instruction[] {
  const lines = text.split('\n')
  const { escape: mark } = readDirectives(lines)
  const { statements } = splitStatements(lines, mark)
  if (statements.length === 0)
    throw new DockerfileProblem(nothingThere, { first: lines.length, last: lines.length })
  for (const { name } of statements) check(name)
  return statements.map((statement) => parseInstruction(statement, mark))
}

/** Reads the instruction of an ONBUILD trigger. */
export function parseTrigger(trigger: string): Instruction {
  const { statements } = splitStatements(trigger.split('\n'), '\\')
  const [statement] = statements
  if (!statement) throw new DockerfileProblem('ONBUILD requires at least one argument')
  return parseInstruction(statement, '\\')
}
