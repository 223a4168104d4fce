/** Records of the build cache, as commands ask for them. */
import type { BuildCache } from '@gantry/api'
import type { Client } from '@gantry/client'
import type { Filters } from '../filters.ts'
import { diskUsage } from '../system/disk-usage.ts'

const texts: Record<string, (record: BuildCache) => readonly string[]> = {
  id: ({ ID = '' }) => [ID],
  parent: ({ Parents }) => Parents ?? [],
  parents: ({ Parents }) => Parents ?? [],
  type: ({ Type = '' }) => [Type],
  description: ({ Description = '' }) => [Description],
}
/** Of which the beginning is enough. */
const ids = ['id', 'parent', 'parents']

const facts: Record<string, (record: BuildCache) => boolean> = {
  inuse: ({ InUse = false }) => InUse,
  shared: ({ Shared = false }) => Shared,
  private: ({ Shared = false }) => !Shared,
  mutable: isMutable,
  immutable: (record) => !isMutable(record),
}

/** Whether what is in it changes with the builds that use it. */
export function isMutable({ Type }: BuildCache): boolean {
  return Type === 'exec.cachemount' || Type === 'source.local'
}

type Match = (record: BuildCache) => boolean

/** Of `name`, `name!` (not so) or `name~` (a regular expression). Throws for a filter that is not known. */
function matchOf(filter: string, value: string): Match {
  const [, name = '', operator = ''] = /^(.*?)([!~]?)$/.exec(filter) ?? []
  const [text, fact] = [Object.hasOwn(texts, name) && texts[name], Object.hasOwn(facts, name) && facts[name]]
  const match = text
    ? textMatch(text, value, operator === '~' ? 'pattern' : ids.includes(name) ? 'prefix' : 'whole')
    : fact && operator !== '~' && /^(true|1|false|0)?$/.test(value)
      ? (record: BuildCache) => fact(record) === !/^[f0]/.test(value)
      : undefined
  if (!match) throw new Error(`invalid filter '${filter}=${value}'`)
  return operator === '!' ? (record) => !match(record) : match
}

function textMatch(
  of: (record: BuildCache) => readonly string[],
  value: string,
  how: 'pattern' | 'prefix' | 'whole',
): Match {
  const pattern = how === 'pattern' ? new RegExp(value) : null
  const isSo = (text: string): boolean =>
    pattern ? pattern.test(text) : how === 'prefix' ? text.startsWith(value) : text === value
  return (record) => of(record).some(isSo)
}

/** The latest used first. Throws for a filter that is not known. */
export async function cacheRecords(client: Client, wanted: Filters): Promise<BuildCache[]> {
  const matches = Object.entries(wanted).map(([name, values]) => values.map((value) => matchOf(name, value)))
  const { buildCache } = await diskUsage(client, true)
  return buildCache
    .filter((record) => matches.every((all) => all.every((match) => match(record))))
    .sort((a, b) => (b.LastUsedAt ?? '').localeCompare(a.LastUsedAt ?? ''))
}
