import { GantryError } from '@gantry/errors'
import type { Healthcheck } from '@gantry/oci'

const durations: Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
}
const nanoseconds: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** `NONE`, or `[--interval=…] [--timeout=…] … CMD …`. Throws InvalidParameter. */
export function parseHealthcheck(rest: string): Healthcheck {
  const check: Healthcheck = {}
  let text = rest
  for (let flag = nextFlag(text); flag; flag = nextFlag(text)) {
    text = flag.rest
    const field = durations[flag.name]
    if (field) check[field] = duration(flag.value)
    else if (flag.name === 'retries' && /^\d{1,6}$/.test(flag.value)) check.Retries = Number(flag.value)
    else throw invalid(`Unknown flag: ${flag.name}`)
  }
  const [, kind = '', command = ''] = /^(\S*)\s*(.*)$/s.exec(text) ?? []
  if (kind.toUpperCase() === 'NONE' && command === '') return { Test: ['NONE'] }
  if (kind.toUpperCase() !== 'CMD')
    throw invalid(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`)
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD')
  return { Test: testOf(command), ...check }
}

function testOf(command: string): string[] {
  try {
    const words: unknown = JSON.parse(command)
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return ['CMD', ...words]
  } catch {
    // Not JSON: for the shell.
  }
  return ['CMD-SHELL', command]
}

function nextFlag(text: string): { name: string; value: string; rest: string } | undefined {
  const [, name = '', value = '', rest = ''] = /^--([\w-]+)=(\S*)\s*(.*)$/s.exec(text) ?? []
  return name === '' ? undefined : { name, value, rest }
}

/** Go's notation, `1m30s`, as nanoseconds. */
function duration(text: string): number {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw invalid(`time: invalid duration ${JSON.stringify(text)}`)
  }
  let total = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * (nanoseconds[unit as string] as number)
  }
  return Math.round(total)
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
