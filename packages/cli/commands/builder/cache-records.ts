/** Records of the build cache, as commands ask for them. */
import type { BuildCache } from '@gantry/api'
import type { Client } from '@gantry/client'
import type { Filters } from '../filters.ts'
import { diskUsage } from '../system/disk-usage.ts'

const isTrue = (value: string): boolean => value === '' || value === 'true' || value === '1'

const filters: Record<string, (record: BuildCache, value: string) => boolean> = {
  id: ({ ID = '' }, value) => ID.startsWith(value),
  parent: ({ Parents }, value) => (Parents ?? []).some((parent) => parent.startsWith(value)),
  type: ({ Type }, value) => Type === value,
  description: ({ Description = '' }, value) => Description.includes(value),
  inuse: ({ InUse = false }, value) => InUse === isTrue(value),
  shared: ({ Shared = false }, value) => Shared === isTrue(value),
  private: ({ Shared = false }, value) => Shared !== isTrue(value),
}

/** The latest used first. Throws for a filter that is not known. */
export async function cacheRecords(client: Client, wanted: Filters): Promise<BuildCache[]> {
  const unknown = Object.keys(wanted).find((name) => !Object.hasOwn(filters, name))
  if (unknown !== undefined) throw new Error(`invalid filter '${unknown}'`)
  const { buildCache } = await diskUsage(client, true)
  return buildCache
    .filter((record) =>
      Object.entries(wanted).every(([name, values]) =>
        values.every((value) => filters[name]?.(record, value)),
      ),
    )
    .sort((a, b) => (b.LastUsedAt ?? '').localeCompare(a.LastUsedAt ?? ''))
}
