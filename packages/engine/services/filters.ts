/** How the values of a list filter are compared with what a thing is: Docker's rules, the same for every kind of object. */
import { GantryError } from '@gantry/errors'
import type { Filters } from '../contracts.ts'
import { milliseconds } from '../limits/duration.ts'

/** Throws InvalidParameter for a filter that this list does not know. */
export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters))
    if (!accepted.includes(name)) throw new GantryError('InvalidParameter', `Invalid filter '${name}'`)
}

/** No such filter, or one of its values is the text. */
export function matchesExactly(filters: Filters, name: string, text: string): boolean {
  const values = filters[name] ?? []
  return values.length === 0 || values.includes(text)
}

/** No such filter, or one of its values is the beginning of the text. */
export function matchesPrefix(filters: Filters, name: string, text: string): boolean {
  const values = filters[name] ?? []
  return values.length === 0 || values.some((value) => text.startsWith(value))
}

/** No such filter, or one of its values, read as a regular expression, occurs in the text. */
export function matchesPattern(filters: Filters, name: string, text: string): boolean {
  const values = filters[name] ?? []
  return values.length === 0 || values.some((value) => value === text || isFoundIn(text, value))
}

function isFoundIn(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(text)
  } catch {
    return false
  }
}

/** No such filter, or every value (`key`, or `key=value`) is among the labels. */
export function matchesLabels(
  filters: Filters,
  name: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (filters[name] ?? []).every((wanted) => {
    const [key, ...rest] = wanted.split('=')
    const value = key === undefined || !Object.hasOwn(labels, key) ? undefined : labels[key]
    return value !== undefined && (rest.length === 0 || value === rest.join('='))
  })
}

/** `label` and `label!` of a prune: whether the labels let the thing be removed. */
export function matchesPruneLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const excluded = filters['label!'] ?? []
  return (
    matchesLabels(filters, 'label', labels) &&
    (excluded.length === 0 || !matchesLabels(filters, 'label!', labels))
  )
}

/** A yes-or-no filter; undefined when it is not there. Throws InvalidParameter `Invalid filter 'dangling=[maybe]'`. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name] ?? []
  if (values.length === 0) return undefined
  if (values.every((value) => value === 'true' || value === '1')) return true
  if (values.every((value) => value === 'false' || value === '0')) return false
  throw new GantryError('InvalidParameter', `Invalid filter '${name}=[${values.join(' ')}]'`)
}

/** The `until` of a prune: only what was made before that time. Throws InvalidParameter for more than one value. */
export function untilFilter(filters: Filters, now: Date): Date | undefined {
  const values = filters.until ?? []
  if (values.length > 1) throw new GantryError('InvalidParameter', 'more than one until filter specified')
  return values[0] === undefined ? undefined : parseTimeFilter(values[0], now)
}

/**
 * A moment as a client names it: seconds since 1970 (with a fraction), an RFC 3339 time or date with parts left out
 * (local time without a zone), or a duration before now in Go's notation (`1h30m`). Throws InvalidParameter.
 */
export function parseTimeFilter(text: string, now: Date): Date {
  const moment = timeBefore(now, text) ?? parseUnixTime(text) ?? parseCalendarTime(text)
  if (moment) return moment
  const problem = `failed to parse value as time or duration: ${JSON.stringify(text)}`
  throw new GantryError('InvalidParameter', problem)
}

/** Zero alone is 1970. */
function timeBefore(now: Date, text: string): Date | undefined {
  if (text === '0') return undefined
  try {
    return new Date(now.getTime() - milliseconds(text))
  } catch {
    return undefined
  }
}

function parseUnixTime(text: string): Date | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? presentable(new Date(Math.floor(Number(text) * 1000))) : undefined
}

/** Undefined for what lies outside the 270,000 years that a Date can say. */
function presentable(moment: Date): Date | undefined {
  return Number.isNaN(moment.getTime()) ? undefined : moment
}

function parseCalendarTime(text: string): Date | undefined {
  const parts =
    /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?)?(Z|[-+]\d{2}:\d{2})?$/.exec(text)
  if (!parts) return undefined
  const [, date, hours = '00', minutes = '00', seconds = '00', zone = ''] = parts
  return presentable(new Date(`${date}T${hours}:${minutes}:${seconds}${zone}`))
}
