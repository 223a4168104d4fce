/** `builder.gc` in daemon.json: what of the build cache goes by itself. Keys and defaults are dockerd's. */
import { byteSize, type CacheRule, cacheFilters, milliseconds } from '@gantry/engine'
import { GantryError, messageOf } from '@gantry/errors'

export interface BuilderGcOption {
  enabled?: boolean
  defaultKeepStorage?: string
  defaultReservedSpace?: string
  defaultMaxUsedSpace?: string
  defaultMinFreeSpace?: string
  policy?: BuilderGcPolicy[]
}

export interface BuilderGcPolicy {
  all?: boolean
  filter?: string[]
  keepDuration?: string
  /** What `reservedSpace` was called. */
  keepStorage?: string
  reservedSpace?: string
  maxUsedSpace?: string
  minFreeSpace?: string
}

/** Rules for a disk of that many bytes; null when nothing is to go. */
export type CacheRules = (diskSize: number) => CacheRule[] | null

const hour = 3_600_000

/** Throws InvalidParameter for what cannot be read. */
export function cacheRulesOf(gc: BuilderGcOption = {}): CacheRules {
  const rules: CacheRules = (diskSize) => (gc.enabled === false ? null : rulesFor(gc, diskSize))
  try {
    for (const { filters = {} } of rules(1) ?? []) cacheFilters(filters, new Date())
  } catch (error) {
    throw new GantryError('InvalidParameter', `invalid builder.gc: ${messageOf(error)}`)
  }
  return rules
}

function rulesFor(gc: BuilderGcOption, diskSize: number): CacheRule[] {
  const bytes = (text: string): number => sizeOf(text, diskSize)
  if (gc.policy) return gc.policy.map((policy) => ruleOf(policy, gc, bytes))
  const { defaultKeepStorage, defaultReservedSpace = defaultKeepStorage ?? '10%' } = gc
  const { defaultMaxUsedSpace = '75%', defaultMinFreeSpace = '20%' } = gc
  const space = {
    reservedSpace: bytes(defaultReservedSpace),
    maxUsedSpace: bytes(defaultMaxUsedSpace),
    minFreeSpace: bytes(defaultMinFreeSpace),
  }
  return [
    // What is easily made again, after two days.
    { filters: { type: ['exec.cachemount', 'source.local'] }, unusedFor: 48 * hour, maxUsedSpace: 512e6 },
    { unusedFor: 60 * 24 * hour, ...space },
    space,
    { all: true, ...space },
  ]
}

function ruleOf(policy: BuilderGcPolicy, gc: BuilderGcOption, bytes: (text: string) => number): CacheRule {
  const { all, filter = [], keepDuration, keepStorage, maxUsedSpace, minFreeSpace } = policy
  const reserved = policy.reservedSpace ?? keepStorage ?? gc.defaultReservedSpace ?? gc.defaultKeepStorage
  const filters: Record<string, string[]> = {}
  for (const text of filter) {
    const [, name = '', value = ''] = /^([^=]+?)(?:==?(.*))?$/.exec(text) ?? []
    filters[name] = [...(filters[name] ?? []), value]
  }
  return {
    ...(all !== undefined && { all }),
    ...(filter.length > 0 && { filters }),
    ...(keepDuration !== undefined && { unusedFor: spanOf(keepDuration) }),
    ...(reserved !== undefined && { reservedSpace: bytes(reserved) }),
    ...(maxUsedSpace !== undefined && { maxUsedSpace: bytes(maxUsedSpace) }),
    ...(minFreeSpace !== undefined && { minFreeSpace: bytes(minFreeSpace) }),
  }
}

/** `20GB`, `512mb` (of 1024, as dockerd counts), `10%` of the disk. */
function sizeOf(text: string, diskSize: number): number {
  const percent = /^(\d{1,3})%$/.exec(text)?.[1]
  if (percent !== undefined && Number(percent) <= 100) return Math.floor((diskSize / 100) * Number(percent))
  return byteSize(text)
}

/** Milliseconds of `48h`, or of a number of seconds. */
function spanOf(text: string): number {
  const span = /^\d+$/.test(text) ? Number(text) * 1000 : milliseconds(text)
  if (span < 0) throw new Error(`${JSON.stringify(text)} is no duration`)
  return span
}
