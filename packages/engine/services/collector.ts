/** Automatic clean-up of images and build cache: hourly, after pulls, and when asked for. */
import { GantryError } from '@gantry/errors'
import type { BuildCaches, Collector, GarbageReport, Images } from '../contracts.ts'
import type { CollectionPolicy } from '../images/collect.ts'

const interval = 3600 * 1000

export interface CollectorParts {
  /** As it is configured now; null: nothing is ever removed. */
  policy: () => CollectionPolicy | null
  images: Pick<Images, 'collect'>
  caches: Pick<BuildCaches, 'prune'>
  log: (level: 'info' | 'warn', message: string) => void
}

export class GarbageCollector implements Collector, Disposable {
  readonly #parts: CollectorParts
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()

  constructor(parts: CollectorParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.soon(), interval).unref()
  }

  /** One after another. Rejects with InvalidParameter when no policy is configured. */
  async run(dryRun: boolean): Promise<GarbageReport> {
    const policy = this.#parts.policy()
    if (!policy)
      throw new GantryError('InvalidParameter', 'no clean-up is configured: set "image-gc" in daemon.json')
    const work = this.#running.catch(() => {}).then(() => this.#collect(policy, dryRun))
    this.#running = work
    return await work
  }

  /** Runs when there is a policy; what fails is only logged. */
  soon(): void {
    if (!this.#parts.policy()) return
    this.run(false).then(
      ({ Images, BuildCache, SpaceReclaimed }) => {
        if (Images.length + BuildCache.length === 0) return
        const what = `${Images.length} images and ${BuildCache.length} records of the build cache`
        this.#parts.log('info', `clean-up removed ${what}, ${SpaceReclaimed} bytes`)
      },
      (error: unknown) => this.#parts.log('warn', `clean-up: ${String(error)}`),
    )
  }

  async #collect(policy: CollectionPolicy, dryRun: boolean): Promise<GarbageReport> {
    const { images, caches } = this.#parts
    const collected = await images.collect(policy, dryRun)
    const { keepBytes, unusedFor } = policy
    // The build cache has the same limits, and what is in use is not its own to give away.
    const cache = await caches.prune({
      all: true,
      ...(keepBytes !== undefined && { reservedSpace: keepBytes }),
      ...(unusedFor !== undefined && { unusedFor }),
      ...(dryRun && { dryRun, without: new Set(collected.map(({ id }) => id)) }),
    })
    return {
      Images: collected.map(({ id, names, size, lastUsed }) => ({
        Id: id,
        Names: names,
        Size: size,
        LastUsed: lastUsed.toISOString(),
      })),
      BuildCache: cache.records.map(({ id, size, usedAt }) => ({ Id: id, Size: size, LastUsed: usedAt })),
      SpaceReclaimed: collected.reduce((sum, { size }) => sum + size, 0) + cache.spaceReclaimed,
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
