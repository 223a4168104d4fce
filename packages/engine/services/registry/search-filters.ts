import { GantryError } from '@gantry/errors'
import type { SearchResult } from '@gantry/oci'
import type { Filters } from '../../contracts.ts'
import { booleanFilter } from '../filters.ts'

export const searchFilterNames = ['is-automated', 'is-official', 'stars']

/** Which results the filters let through. Throws InvalidParameter for values that mean nothing. */
export function matchesSearch(filters: Filters): (result: SearchResult) => boolean {
  const automated = booleanFilter(filters, 'is-automated')
  const official = booleanFilter(filters, 'is-official')
  const stars = Math.max(0, ...(filters.stars ?? []).map(starsOf))
  return (result) =>
    (automated === undefined || result.isAutomated === automated) &&
    (official === undefined || result.isOfficial === official) &&
    result.starCount >= stars
}

function starsOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new GantryError('InvalidParameter', `Invalid filter 'stars=${text}'`)
  return Number(text)
}
