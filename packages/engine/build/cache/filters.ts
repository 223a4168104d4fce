/** `--filter` of prunes, of `buildx du` and of the policies of `builder.gc`. */
import type { CacheUsage, PruneRule } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import type { Filters } from '../../contracts.ts'
import { parseTimeFilter } from '../../services/filters.ts'

type Match = (usage: CacheUsage) => boolean

/** What a record says, and whether the beginning of it is enough. */
const texts: Record<string, { of: (usage: CacheUsage) => readonly string[]; prefix?: boolean }> = {
  id: { of: ({ id }) => [id], prefix: true },
  parent: { of: ({ parents }) => parents, prefix: true },
  parents: { of: ({ parents }) => parents, prefix: true },
  type: { of: ({ type }) => [type] },
  description: { of: ({ description }) => [description] },
}

const facts: Record<string, Match> = {
  inuse: ({ inUse }) => inUse,
  shared: ({ shared }) => shared,
  private: ({ shared }) => !shared,
  mutable: ({ type }) => isMutable(type),
  immutable: ({ type }) => !isMutable(type),
}

/** Whether what is in it changes with the builds that use it. */
export const isMutable = (type: CacheUsage['type']): boolean =>
  type === 'exec.cachemount' || type === 'source.local'

/** Filters that may be given several times. */
const repeatable = ['type', 'type!', 'label', 'label!']

/**
 * By name; a name ends in `!` where a record must not be so, and in `~` where the value is a regular expression that must occur in
 * it. Throws InvalidParameter in Docker's words: for a filter that is not known, and for more than one value.
 */
export function cacheFilters(filters: Filters, now: Date): Pick<PruneRule, 'unusedFor' | 'matches'> {
  const wanted: Match[] = []
  let unusedFor: number | undefined
  if (filters.until && filters['unused-for'])
    throw new GantryError('InvalidParameter', 'conflicting filters: "until" and "unused-for"')
  for (const [name, values] of Object.entries(filters)) {
    const isTime = name === 'until' || name === 'unused-for'
    const match = isTime ? undefined : matchOf(name, values)
    if (values.length > 1 && !repeatable.includes(name))
      throw new GantryError('InvalidParameter', 'filters expect only one value')
    if (match) wanted.push(match)
    else unusedFor = now.getTime() - parseTimeFilter(values[0] ?? '', now).getTime()
  }
  return {
    ...(unusedFor !== undefined && { unusedFor }),
    ...(wanted.length > 0 && { matches: (usage) => wanted.every((match) => match(usage)) }),
  }
}

function matchOf(filter: string, values: readonly string[]): Match {
  // `system prune` gives its filters to everything; no record has a label.
  if (filter === 'label') return () => false
  if (filter === 'label!') return () => true
  const [, name = '', operator = ''] = /^(.*?)([!~]?)$/.exec(filter) ?? []
  const match = Object.hasOwn(texts, name)
    ? textMatch(name, operator, values)
    : Object.hasOwn(facts, name) && operator !== '~'
      ? factMatch(name, values)
      : undefined
  if (!match) throw new GantryError('InvalidParameter', `Invalid filter '${filter}'`)
  return operator === '!' ? (usage) => !match(usage) : match
}

function textMatch(name: string, operator: string, values: readonly string[]): Match | undefined {
  const field = texts[name]
  const tests = values.map((value) => {
    if (operator !== '~') return (text: string) => (field?.prefix ? text.startsWith(value) : text === value)
    const pattern = patternOf(name, value)
    return (text: string) => pattern.test(text)
  })
  return field && ((usage) => field.of(usage).some((text) => tests.some((test) => test(text))))
}

function patternOf(name: string, value: string): RegExp {
  try {
    return new RegExp(value)
  } catch (cause) {
    throw new GantryError('InvalidParameter', `Invalid filter '${name}~=${value}'`, { cause })
  }
}

const truths: Record<string, boolean> = { '': true, true: true, 1: true, false: false, 0: false }

function factMatch(name: string, [value = '']: readonly string[]): Match | undefined {
  const [fact, truth] = [facts[name], Object.hasOwn(truths, value) ? truths[value] : undefined]
  if (truth === undefined) throw new GantryError('InvalidParameter', `Invalid filter '${name}=${value}'`)
  return fact && ((usage) => fact(usage) === truth)
}
