/** HEALTHCHECK. */
import { Flags } from './flags.ts'
import type { Healthcheck } from './instruction.ts'
import type { Prepared } from './parse-instruction.ts'
import { DockerfileProblem } from './problem.ts'
import { parseJsonList } from './words.ts'

const unitNanoseconds: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Nanoseconds of a Go duration (`1m30s`, `100ms`); null when it is none. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  if (!/^(\d+(\.\d*)?(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return null
  let sum = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g))
    sum += Number(amount) * (unitNanoseconds[unit] ?? 0)
  return Math.round(sum)
}

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
  const nanoseconds = parseDuration(text)
  if (nanoseconds === null) throw new DockerfileProblem(`time: invalid duration ${JSON.stringify(text)}`)
  if (nanoseconds > 0 && nanoseconds < 1e6)
    throw new DockerfileProblem(`Interval ${JSON.stringify(name)} cannot be less than 1ms`)
  return nanoseconds
}

function retries(text = '0'): number {
  if (!/^-?\d+$/.test(text))
    throw new DockerfileProblem(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const count = Number(text)
  if (count < 0) throw new DockerfileProblem(`--retries cannot be negative (${count})`)
  return count
}
