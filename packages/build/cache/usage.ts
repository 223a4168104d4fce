/** What takes space for builds, and which of it goes by a rule: plain data in and out. */
import type { SnapshotLayer } from '../contracts.ts'

/** BuildKit's names for kinds of records. */
export type CacheType = 'regular' | 'exec.cachemount' | 'source.local' | 'internal'

export interface CacheUsage {
  id: string
  type: CacheType
  /** Ids of the records that it was made upon. */
  parents: string[]
  description: string
  /** RFC 3339. */
  createdAt: string
  usedAt: string
  uses: number
  /** A running build needs it. */
  inUse: boolean
  /** An image of this machine has the layer, too. */
  shared: boolean
  /** Bytes. */
  size: number
  /** The file system that it stands for, base first; nothing for a cache mount. */
  layers: readonly SnapshotLayer[]
}

/** Which records may go, and how far. Without a limit of space, all that may. Bytes and milliseconds. */
export interface PruneRule {
  /** Also what images of this machine have. */
  all?: boolean
  unusedFor?: number
  matches?: (usage: CacheUsage) => boolean
  /** So much stays in any case. */
  reservedSpace?: number
  /** No more than that stays. */
  maxUsedSpace?: number
  /** So much of the disk is to be free. */
  minFreeSpace?: number
}

export interface PrunePlan {
  gone: CacheUsage[]
  /** Bytes that go with them. */
  freed: number
}

export interface Surroundings {
  /** Milliseconds since 1970. */
  now: number
  /** Free bytes of the disk. */
  free: number
  /** Chain ids of layers that images of this machine have. */
  inImages: ReadonlySet<string>
}

/** Least recently used first; of those used together, first what others were not made upon. */
export function planPrune(
  usage: readonly CacheUsage[],
  rule: PruneRule,
  { now, free, inImages }: Surroundings,
): PrunePlan {
  const space = new Space(usage, inImages)
  const keep = bytesToKeep(space.used, free, rule)
  const lastUse = timesOfUse(usage)
  const candidates = usage
    .filter((each) => !each.inUse && (rule.all || !each.shared))
    .filter((each) => now - (lastUse.get(each.id) ?? 0) >= (rule.unusedFor ?? 0))
    .filter((each) => rule.matches?.(each) ?? true)
    .sort((a, b) => (lastUse.get(a.id) ?? 0) - (lastUse.get(b.id) ?? 0) || b.layers.length - a.layers.length)
  const plan: PrunePlan = { gone: [], freed: 0 }
  for (const each of candidates) {
    if (keep !== null && space.used <= keep) break
    plan.freed += space.remove(each)
    plan.gone.push(each)
  }
  return plan
}

/** When each was last used: a record also when one was that was made upon it, since it frees nothing before that goes. */
function timesOfUse(usage: readonly CacheUsage[]): Map<string, number> {
  const times = new Map(usage.map(({ id, usedAt }) => [id, Date.parse(usedAt)]))
  for (const { id, parents } of usage.toSorted((a, b) => b.layers.length - a.layers.length))
    for (const parent of parents) {
      const [own, above] = [times.get(parent), times.get(id)]
      if (own !== undefined && above !== undefined) times.set(parent, Math.max(own, above))
    }
  return times
}

/** BuildKit's sum: null without a limit. */
function bytesToKeep(used: number, free: number, rule: PruneRule): number | null {
  const { reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 } = rule
  if (reservedSpace === 0 && maxUsedSpace === 0 && minFreeSpace === 0) return null
  const missing = minFreeSpace - free
  const limits = [...(maxUsedSpace > 0 ? [maxUsedSpace] : []), ...(missing > 0 ? [used - missing] : [])]
  // With a reserve alone that is the limit; with room enough nothing has to go.
  const limit = limits.length > 0 ? Math.min(...limits) : minFreeSpace > 0 ? used : 0
  return Math.max(limit, reservedSpace)
}

/** The bytes of records: a layer counts once, and as long as one of them has it; not at all when an image has it. */
class Space {
  readonly #users = new Map<string, number>()
  used = 0

  constructor(usage: readonly CacheUsage[], inImages: ReadonlySet<string>) {
    for (const { layers, type, size } of usage) {
      if (type !== 'regular') this.used += size
      for (const { chainId, size: bytes } of layers) {
        if (inImages.has(chainId)) continue
        const users = this.#users.get(chainId) ?? 0
        if (users === 0) this.used += bytes
        this.#users.set(chainId, users + 1)
      }
    }
  }

  /** Returns how many bytes nothing needs any more. */
  remove({ layers, type, size }: CacheUsage): number {
    let freed = type === 'regular' ? 0 : size
    for (const { chainId, size: bytes } of layers) {
      const users = this.#users.get(chainId)
      if (users === undefined) continue
      this.#users.set(chainId, users - 1)
      if (users === 1) freed += bytes
    }
    this.used -= freed
    return freed
  }
}
