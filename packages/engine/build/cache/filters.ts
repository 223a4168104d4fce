/** `--filter` of prunes and of the policies of `builder.gc`. */
import type { CacheUsage, PruneRule } from '@gantry/build'
import { GantryError, isKind } from '@gantry/errors'
import type { Filters } from '../../contracts.ts'
import { parseTimeFilter } from '../../services/filters.ts'

type Match = (usage: CacheUsage, value: string) => boolean

const isTrue = (value: string): boolean => value === '' || value === 'true' || value === '1'

const matches: Record<string, Match> = {
  id: ({ id }, value) => id.startsWith(value),
  parent: ({ parents }, value) => parents.some((parent) => parent.startsWith(value)),
  type: ({ type }, value) => type === value,
  description: ({ description }, value) => description === value,
  inuse: ({ inUse }, value) => inUse === isTrue(value),
  shared: ({ shared }, value) => shared === isTrue(value),
  private: ({ shared }, value) => shared !== isTrue(value),
  // `system prune` gives its filters to everything; no record has a label.
  label: () => false,
  'label!': () => true,
}

/** Filters that may be given several times. */
const repeatable = ['type', 'label', 'label!']

/** Throws InvalidParameter in Docker's words: for a filter that is not known, and for more than one value. */
export function cacheFilters(filters: Filters, now: Date): Pick<PruneRule, 'unusedFor' | 'matches'> {
  try {
    return ruleOf(filters, now)
  } catch (error) {
    if (!isKind(error, 'InvalidParameter')) throw error
    throw new GantryError('InvalidParameter', `failed to prune build cache: ${error.message}`)
  }
}

function ruleOf(filters: Filters, now: Date): Pick<PruneRule, 'unusedFor' | 'matches'> {
  const wanted: [Match, readonly string[]][] = []
  let unusedFor: number | undefined
  if (filters.until && filters['unused-for'])
    throw new GantryError('InvalidParameter', 'conflicting filters: "until" and "unused-for"')
  for (const [name, values] of Object.entries(filters)) {
    const [value = '', ...more] = values
    const isTime = name === 'until' || name === 'unused-for'
    const match = Object.hasOwn(matches, name) ? matches[name] : undefined
    if (!isTime && !match) throw new GantryError('InvalidParameter', `Invalid filter '${name}'`)
    if (more.length > 0 && !repeatable.includes(name))
      throw new GantryError('InvalidParameter', 'filters expect only one value')
    if (isTime) unusedFor = now.getTime() - parseTimeFilter(value, now).getTime()
    else if (match) wanted.push([match, values])
  }
  return {
    ...(unusedFor !== undefined && { unusedFor }),
    ...(wanted.length > 0 && {
      matches: (usage) => wanted.every(([match, any]) => any.some((value) => match(usage, value))),
    }),
  }
}
