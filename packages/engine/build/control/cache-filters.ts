import { GantryError } from '@gantry/errors'
import type { Filters } from '../../contracts.ts'

/** A field, and what it must be: a word, or a string as JSON has it. */
const condition = /([a-z]+)(?:(==|!=|~=)("(?:[^"\\]|\\.)*"|[^",]*))?(?:,|$)/y

/**
 * What clients of BuildKit's API filter the cache by, in the terms of `--filter`: `type!=regular,id~=ab,shared`, all of which
 * must hold. Throws InvalidParameter for what else containerd's filters may say (patterns between slashes, alternatives): a
 * filter that is not understood must not let more go.
 */
export function cacheFiltersOf(texts: readonly string[]): Filters {
  const [text = '', ...more] = texts.filter((each) => each !== '')
  if (more.length > 0) throw invalid(texts.join(' or '))
  const filters: Record<string, string[]> = {}
  for (condition.lastIndex = 0; condition.lastIndex < text.length; ) {
    const [found, field = '', operator = '==', written = ''] = condition.exec(text) ?? []
    if (found === undefined) throw invalid(text)
    const value = written.startsWith('"') ? unquoted(written, text) : written
    const name = filterName(field, operator, value)
    if (Object.hasOwn(filters, name)) throw invalid(text)
    filters[name] = [value]
  }
  return filters
}

/** Clients write `id~=` for `--filter id=`: an id, by its beginning. */
function filterName(field: string, operator: string, value: string): string {
  const isId = field === 'id' && operator === '~=' && /^[\w-]+$/.test(value)
  return operator === '==' || isId ? field : `${field}${operator[0]}`
}

function unquoted(value: string, text: string): string {
  try {
    return String(JSON.parse(value))
  } catch {
    throw invalid(text)
  }
}

const invalid = (text: string): GantryError =>
  new GantryError('InvalidParameter', `filter ${JSON.stringify(text)} is not supported`)
