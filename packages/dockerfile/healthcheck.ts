/** HEALTHCHECK. */
import { messageOf } from '@gantry/errors'
import { parseDuration } from './duration.ts'
import { Flags } from './flags.ts'
import type { Healthcheck } from './instruction.ts'
import type { Prepared } from './parse-instruction.ts'
import { DockerfileProblem } from './problem.ts'
import { parseJsonList } from './words.ts'

/** Throws DockerfileProblem for options and commands that make no health check. */
export function parseHealthcheck(prepared: Prepared): Healthcheck {
  const { flags: written, text, place } = prepared
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? []
  if (word === '') throw new DockerfileProblem('HEALTHCHECK requires at least one argument')
  const type = word.toUpperCase()
  const flags = new Flags(written, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  })
  return {
    ...place,
    instruction: 'HEALTHCHECK',
    test: type === 'NONE' ? none(rest) : testOf(type, word, rest),
    interval: duration(flags, 'interval'),
    timeout: duration(flags, 'timeout'),
    startPeriod: duration(flags, 'start-period'),
    startInterval: duration(flags, 'start-interval'),
    retries: retries(flags.text('retries')),
  }
}

function none(rest: string): string[] {
  if (rest !== '') throw new DockerfileProblem('HEALTHCHECK NONE takes no arguments')
  return ['NONE']
}

function testOf(type: string, word: string, rest: string): string[] {
  if (type !== 'CMD')
    throw new DockerfileProblem(`Unknown type ${JSON.stringify(word)} in HEALTHCHECK (try CMD)`)
  const list = parseJsonList(rest)
  if (rest === '' || list?.length === 0) throw new DockerfileProblem('Missing command after HEALTHCHECK CMD')
  return list ? ['CMD', ...list] : ['CMD-SHELL', rest]
}

function duration(flags: Flags, name: string): number {
  const text = flags.text(name)
  if (text === undefined || text === '') return 0
  const nanoseconds = durationOf(text)
  if (nanoseconds !== 0 && nanoseconds < 1e6)
    throw new DockerfileProblem(`Interval ${JSON.stringify(name)} cannot be less than 1ms`)
  return nanoseconds
}

function durationOf(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new DockerfileProblem(messageOf(error))
  }
}

function retries(text = '0'): number {
  if (!/^-?\d+$/.test(text))
    throw new DockerfileProblem(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const count = Number(text)
  if (count < 0) throw new DockerfileProblem(`--retries cannot be negative (${count})`)
  return count
}
