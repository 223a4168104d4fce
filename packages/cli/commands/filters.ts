import type { ConfigFile } from '@gantry/client'

/** Filters by name, each with its values. */
export type Filters = Record<string, string[]>

/** The filters as the API takes them; undefined when there are none. */
export function encodeFilters(filters: Filters): string | undefined {
  const names = Object.keys(filters)
  if (names.length === 0) return undefined
  const encoded = names.map((name) => [
    name,
    Object.fromEntries((filters[name] ?? []).map((value) => [value, true])),
  ])
  return JSON.stringify(Object.fromEntries(encoded))
}

/** The filters with one more value. */
export function withFilter(filters: Filters, name: string, value: string): Filters {
  const values = Object.hasOwn(filters, name) ? (filters[name] ?? []) : []
  return { ...filters, [name]: values.includes(value) ? values : [...values, value] }
}

/**
 * The filters of a prune: the user's and those of the configuration file (`pruneFilters`), of which a label filter gives
 * way when the user says the opposite.
 */
export function pruneFilters(given: Filters, config: ConfigFile): Filters {
  const { pruneFilters: configured = [] } = config.settings as { pruneFilters?: string[] }
  let filters = given
  for (const text of configured) {
    const equals = text.indexOf('=')
    if (equals < 0) continue
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)]
    const opposite = name === 'label' ? 'label!' : name === 'label!' ? 'label' : ''
    if (!given[opposite]?.includes(value)) filters = withFilter(filters, name, value)
  }
  return filters
}
