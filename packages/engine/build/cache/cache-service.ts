/** What builds keep: shown, and collected by hand or by the rules of `builder.gc`. */
import { statfs } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import {
  type BuildCache,
  type CacheMount,
  type CacheMounts,
  type CacheUsage,
  type PruneRule,
  planPrune,
} from '@gantry/build'
import { GantryError, isKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import { sizeOf } from '../../containers/size.ts'
import type { BuildPruneOptions, CachePruned, CacheRule, Filters } from '../../contracts.ts'
import type { ImageParts } from '../../images/dependencies.ts'
import type { KeptInfo, KeptTrees } from '../session/kept-trees.ts'
import type { CompressedLayers } from './compressed-layers.ts'
import { cacheFilters } from './filters.ts'

export interface CacheServiceParts {
  cache: BuildCache
  cacheMounts: CacheMounts
  compressed: CompressedLayers
  trees: Pick<KeptTrees, 'list' | 'remove'>
  images: Pick<ImageParts, 'catalog' | 'retention' | 'events'>
  archive: Pick<ArchiveWorkers, 'export' | 'unpack'>
  /** On the file system whose space counts. */
  directory: string
  /** What is collected after builds, rule after rule; null for nothing. */
  rules: readonly CacheRule[] | null
  clock: { now(): Date }
  log: (level: 'info' | 'warn', message: string) => void
}

/** Milliseconds between a build and what is collected after it. */
const quietTime = 60_000

export class CacheService {
  readonly #parts: CacheServiceParts
  #timer: NodeJS.Timeout | undefined
  /** One prune after another. */
  #pruning: Promise<unknown> = Promise.resolve()

  constructor(parts: CacheServiceParts) {
    this.#parts = parts
  }

  async usage(): Promise<CacheUsage[]> {
    const { cache, cacheMounts, compressed, trees, images } = this.#parts
    const mounts = await cacheMounts.list()
    const sizes = await Promise.all(mounts.map(({ path }) => sizeOf(path).catch(() => 0)))
    return [
      ...cache.usage(images.catalog.liveLayers()),
      ...mounts.map((mount, index) => usageOfMount(mount, sizes[index] ?? 0)),
      ...(await trees.list()).map(usageOfTree),
      ...compressed.usage(images.catalog.liveBlobs()),
    ]
  }

  /** Announces what it has done. Rejects with InvalidParameter for filters that are not known. */
  async prune({ filters = {}, dryRun = false, without, ...rule }: BuildPruneOptions): Promise<CachePruned> {
    const chosen = { ...rule, ...this.#chosen(filters) }
    const work = this.#pruning.catch(() => undefined).then(() => this.#prune([chosen], dryRun, without))
    this.#pruning = work
    const pruned = await work
    const { events } = this.#parts.images
    if (!dryRun) events.publish('builder', 'prune', '', { reclaimed: String(pruned.spaceReclaimed) })
    return pruned
  }

  #chosen(filters: Filters): ReturnType<typeof cacheFilters> {
    try {
      return cacheFilters(filters, this.#parts.clock.now())
    } catch (error) {
      if (!isKind(error, 'InvalidParameter')) throw error
      throw new GantryError('InvalidParameter', `failed to prune build cache: ${error.message}`)
    }
  }

  /** Collects by the rules, a while after the last build. */
  soon(): void {
    const { rules, log, clock } = this.#parts
    if (!rules || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const now = clock.now()
      const all = rules.map(({ filters = {}, ...rule }) => ({ ...cacheFilters(filters, now), ...rule }))
      const work = this.#pruning.catch(() => undefined).then(() => this.#prune(all, false))
      this.#pruning = work
      work.then(
        ({ records, spaceReclaimed }) => {
          if (records.length > 0)
            log('info', `build cache: removed ${records.length} records, ${spaceReclaimed} bytes`)
        },
        (error: unknown) => log('warn', `build cache: ${String(error)}`),
      )
    }, quietTime).unref()
  }

  async #prune(
    rules: readonly PruneRule[],
    dryRun: boolean,
    without?: ReadonlySet<Digest>,
  ): Promise<CachePruned> {
    const { images, directory, clock } = this.#parts
    const pruned: CachePruned = { records: [], spaceReclaimed: 0 }
    for (const rule of rules) {
      const { bavail, bsize } = await statfs(directory)
      const plan = planPrune(await this.usage(), rule, {
        now: clock.now().getTime(),
        free: bavail * bsize,
        inImages: images.catalog.liveLayers(without),
      })
      if (plan.gone.length === 0) continue
      for (const gone of plan.gone) if (dryRun || (await this.#remove(gone))) pruned.records.push(gone)
      pruned.spaceReclaimed += plan.freed
      if (dryRun) continue
      this.#forgetCompressed()
      await images.retention.sweep()
    }
    return pruned
  }

  /** Those of layers that have gone. */
  #forgetCompressed(): void {
    const { cache, compressed, images } = this.#parts
    const snapshots = [...cache.records().map(({ snapshot }) => snapshot), ...images.catalog.images()]
    compressed.retain(new Set(snapshots.flatMap(({ layers }) => layers.map(({ diffId }) => diffId))))
  }

  #remove({ id, type }: CacheUsage): Promise<boolean> | boolean {
    const { cache, cacheMounts, compressed, trees } = this.#parts
    if (type === 'regular') return cache.remove(id)
    if (type === 'internal') return compressed.remove(id)
    return type === 'exec.cachemount' ? cacheMounts.remove(id) : trees.remove(id)
  }

  /** The content of a cache mount as an archive. Rejects with NotFound. */
  async exportMount(id: string): Promise<Readable> {
    const { path } = await this.#mount(id)
    return this.#parts.archive.export({ kind: 'mount', path })
  }

  /** Makes an archive, which may be compressed, the content of a cache mount. Rejects with Conflict while a step uses it. */
  async importMount(id: string, archive: Readable, signal: AbortSignal): Promise<void> {
    if (id === '') throw new GantryError('InvalidParameter', 'a cache mount has an id')
    const known = await this.#mount(id).catch(() => null)
    await this.#parts.cacheMounts.replace(known?.id ?? id, (path) =>
      this.#parts.archive.unpack(archive, {
        view: { kind: 'mount', path },
        path: '/',
        keepKinds: false,
        owner: null,
        signal,
      }),
    )
  }

  /** By what mounts call it, or by its name in the list, which may be cut. */
  async #mount(id: string): Promise<CacheMount> {
    const mounts = await this.#parts.cacheMounts.list()
    const exact = mounts.find((mount) => mount.id === id && !mount.name.includes('-'))
    const named = /^[0-9a-f]{6,}/.test(id) ? mounts.filter(({ name }) => name.startsWith(id)) : []
    const found = exact ?? (named.length === 1 ? named[0] : undefined)
    if (!found) throw new GantryError('NotFound', `No such cache mount: ${id}`)
    return found
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}

function usageOfMount(mount: CacheMount, size: number): CacheUsage {
  const { name, id, createdAt, usedAt, uses, inUse } = mount
  const description = `cached mount ${id}`
  const times = { createdAt, usedAt, uses, inUse }
  return {
    id: name,
    type: 'exec.cachemount',
    parents: [],
    description,
    ...times,
    shared: false,
    size,
    layers: [],
  }
}

function usageOfTree({ name, size, createdAt, usedAt, inUse }: KeptInfo): CacheUsage {
  return {
    id: name,
    type: 'source.local',
    parents: [],
    description: 'local source for context',
    createdAt: createdAt.toISOString(),
    usedAt: usedAt.toISOString(),
    uses: 1,
    inUse,
    shared: false,
    size,
    layers: [],
  }
}
