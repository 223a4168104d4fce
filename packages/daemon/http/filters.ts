import type { Filters } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { parseJson } from './json-syntax.ts'

/**
 * Reads the `filters` parameter: `{"label": ["a=b"]}`, or the older `{"label": {"a=b": true}}` that some clients still
 * send. Which filters there are, each list knows itself. Throws InvalidParameter.
 */
export function parseFilters(text: string): Filters {
  if (text === '') return {}
  const value = parseJson(text)
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed()
  return Object.fromEntries(Object.entries(value).map(([name, values]) => [name, filterValues(values)]))
}

function filterValues(values: unknown): string[] {
  if (Array.isArray(values)) {
    if (!values.every((item) => typeof item === 'string')) throw malformed()
    return values
  }
  if (typeof values !== 'object' || values === null) throw malformed()
  return Object.entries(values)
    .filter(([, wanted]) => wanted === true)
    .map(([name]) => name)
}

function malformed(): GantryError {
  return new GantryError('InvalidParameter', 'invalid filter')
}
