/** Makes typed instructions of statements, one function for each form. */
import type { EscapeCharacter } from './directives.ts'
import { Flags } from './flags.ts'
import { parseHealthcheck } from './healthcheck.ts'
import type { Arg, Command, Instruction, OnBuild, Run } from './instruction.ts'
import type { Statement } from './lines.ts'
import { at, DockerfileProblem } from './problem.ts'
import { suggestion } from './suggest.ts'
import { parseAdd, parseCopy } from './transfer.ts'
import { parseJsonList, parsePairs, splitBlanks, splitWords, takeFlags } from './words.ts'

/** A statement whose flags have been taken off. */
export interface Prepared {
  statement: Statement
  flags: string[]
  /** What follows the flags. */
  text: string
  mark: EscapeCharacter
  place: Pick<Instruction, 'lines' | 'source'>
}

type Parser = (prepared: Prepared) => Instruction

const parsers: Record<string, Parser> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: (prepared) => ({ ...prepared.place, instruction: 'CMD', ...command(noFlags(prepared)) }),
  COPY: parseCopy,
  ENTRYPOINT: (prepared) => ({ ...prepared.place, instruction: 'ENTRYPOINT', ...command(noFlags(prepared)) }),
  ENV: (prepared) => ({ ...prepared.place, instruction: 'ENV', pairs: pairs(noFlags(prepared)) }),
  EXPOSE: (prepared) => ({
    ...prepared.place,
    instruction: 'EXPOSE',
    ports: some(noFlags(prepared), splitBlanks(prepared.text)).sort(),
  }),
  HEALTHCHECK: parseHealthcheck,
  LABEL: (prepared) => ({ ...prepared.place, instruction: 'LABEL', pairs: pairs(noFlags(prepared)) }),
  MAINTAINER: (prepared) => value(prepared, 'MAINTAINER'),
  ONBUILD: parseOnBuild,
  RUN: parseRun,
  SHELL: (prepared) => ({ ...prepared.place, instruction: 'SHELL', args: shell(noFlags(prepared)) }),
  STOPSIGNAL: (prepared) => value(prepared, 'STOPSIGNAL'),
  USER: (prepared) => value(prepared, 'USER'),
  VOLUME: parseVolume,
  WORKDIR: (prepared) => value(prepared, 'WORKDIR'),
}

/** The names of all instructions. */
const instructionNames: readonly string[] = ['FROM', ...Object.keys(parsers)]

/** Takes the flags off a statement. */
export function prepare(statement: Statement, mark: EscapeCharacter): Prepared {
  const { flags, rest } = takeFlags(statement.rest, mark)
  const { lines, source } = statement
  return { statement, flags, text: rest, mark, place: { lines, source } }
}

/** Makes the typed instruction. Throws DockerfileProblem with the statement's lines. */
export function parseInstruction(statement: Statement, mark: EscapeCharacter): Instruction {
  return at(statement.lines, () => {
    const parser = parsers[statement.name]
    if (!parser)
      throw new DockerfileProblem(
        `unknown instruction: ${statement.written}${suggestion(statement.name, instructionNames)}`,
      )
    return parser(prepare(statement, mark))
  })
}

function noFlags(prepared: Prepared): Prepared {
  new Flags(prepared.flags, {})
  return prepared
}

/** Throws unless there is one at least. */
export function some<T>({ statement: { name } }: Prepared, items: T[]): T[] {
  if (items.length === 0) throw new DockerfileProblem(`${name} requires at least one argument`)
  return items
}

/** A command as CMD, ENTRYPOINT and RUN have it: a JSON list of strings is run as it is, all else by a shell. */
export function command({ text }: Pick<Prepared, 'text'>): Command {
  const list = parseJsonList(text)
  if (list) return { form: 'exec', args: list }
  return { form: 'shell', args: text === '' ? [] : [text] }
}

function parseRun(prepared: Prepared): Run {
  const flags = new Flags(prepared.flags, {
    mount: 'many',
    network: 'text',
    security: 'text',
    device: 'many',
  })
  for (const mount of flags.many('mount')) checkMountSource(mount)
  const network = oneOf(flags.text('network'), ['default', 'none', 'host'], 'network mode')
  const security = oneOf(flags.text('security'), ['sandbox', 'insecure'], 'security mode')
  return {
    ...prepared.place,
    instruction: 'RUN',
    ...command(prepared),
    heredocs: prepared.statement.heredocs,
    mounts: flags.many('mount'),
    ...(network && { network }),
    ...(security && { security }),
    devices: flags.many('device'),
  }
}

function checkMountSource(mount: string): void {
  if (/(^|,)\s*"?from=[^,]*\$/i.test(mount))
    throw new DockerfileProblem("'from' doesn't support variable expansion, define alias stage instead")
}

function oneOf<T extends string>(
  text: string | undefined,
  choices: readonly T[],
  what: string,
): T | undefined {
  if (text === undefined) return undefined
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw new DockerfileProblem(`invalid ${what} ${JSON.stringify(text)}`)
  return choice
}

function pairs(prepared: Prepared) {
  const { name } = prepared.statement
  const found = some(prepared, parsePairs(name, prepared.text, prepared.mark))
  if (found.some(({ key }) => key === '')) throw new DockerfileProblem(`${name} names can not be blank`)
  return found
}

function parseArg(prepared: Prepared): Arg {
  const words = some(noFlags(prepared), splitWords(prepared.text, prepared.mark))
  const args = words.map((word) => {
    const equals = word.indexOf('=')
    return equals < 0
      ? { key: word, value: null }
      : { key: word.slice(0, equals), value: word.slice(equals + 1) }
  })
  if (args.some(({ key }) => key === '')) throw new DockerfileProblem('ARG names can not be blank')
  return { ...prepared.place, instruction: 'ARG', args }
}

function value(
  prepared: Prepared,
  instruction: 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER',
): Instruction {
  const { text } = noFlags(prepared)
  if (text === '') throw new DockerfileProblem(`${instruction} requires exactly one argument`)
  return { ...prepared.place, instruction, value: text }
}

function parseVolume(prepared: Prepared): Instruction {
  const { text } = noFlags(prepared)
  const paths = some(prepared, parseJsonList(text) ?? splitBlanks(text)).map((path) => path.trim())
  if (paths.includes('')) throw new DockerfileProblem('VOLUME specified can not be an empty string')
  return { ...prepared.place, instruction: 'VOLUME', paths }
}

function shell(prepared: Prepared): string[] {
  const list = parseJsonList(prepared.text)
  if (!list) throw new DockerfileProblem('SHELL requires the arguments to be in JSON form')
  return some(prepared, list)
}

const notTriggered = new Set(['FROM', 'MAINTAINER'])

function parseOnBuild(prepared: Prepared): OnBuild {
  const { statement, text, mark, place } = prepared
  some(prepared, splitBlanks(text))
  const [, written = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? []
  const name = written.toUpperCase()
  if (name === 'ONBUILD') throw new DockerfileProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  if (notTriggered.has(name)) throw new DockerfileProblem(`${name} isn't allowed as an ONBUILD trigger`)
  parseInstruction({ ...statement, name, written, rest }, mark)
  return { ...place, instruction: 'ONBUILD', trigger: [text, statement.documents].filter(Boolean).join('\n') }
}
