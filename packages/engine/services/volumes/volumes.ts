import type { Operations, Volume } from '@gantry/api'
import { isKind } from '@gantry/errors'
import { anonymousLabel, type VolumeEventListener, type VolumeRecord, type Volumes } from '@gantry/volumes'
import type { Events, Filters, VolumeService } from '../../contracts.ts'
import {
  booleanFilter,
  checkFilters,
  matchesExactly,
  matchesLabels,
  matchesPattern,
  matchesPruneLabels,
} from '../filters.ts'
import { volumeToWire } from './wire.ts'

export interface VolumeServiceOptions {
  volumes: Volumes
  events: Pick<Events, 'publish'>
}

/** Volumes as the API shows them. */
export function createVolumeService(options: VolumeServiceOptions): VolumeService {
  return new VolumesOfApi(options)
}

/** What `createVolumes` tells, as events. */
export function volumeEvents(events: Pick<Events, 'publish'>): VolumeEventListener {
  return (action, { name, driver }, attributes) =>
    events.publish('volume', action, name, { ...attributes, driver })
}

class VolumesOfApi implements VolumeService {
  readonly #volumes: Volumes
  readonly #events: Pick<Events, 'publish'>

  constructor({ volumes, events }: VolumeServiceOptions) {
    this.#volumes = volumes
    this.#events = events
  }

  async create(request: Operations['VolumeCreate']['body']): Promise<Volume> {
    const volume = await this.#volumes.create({
      name: request.Name ?? '',
      driver: request.Driver ?? '',
      options: request.DriverOpts ?? {},
      labels: request.Labels ?? {},
    })
    return volumeToWire(volume)
  }

  async inspect(name: string): Promise<Volume> {
    return volumeToWire(this.#volumes.find(name))
  }

  async list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }> {
    checkFilters(filters, ['dangling', 'driver', 'label', 'name'])
    const dangling = booleanFilter(filters, 'dangling')
    const volumes = this.#volumes
      .list()
      .filter(
        (volume) =>
          (dangling === undefined || dangling === this.#isUnused(volume)) &&
          matchesExactly(filters, 'driver', volume.driver) &&
          matchesLabels(filters, 'label', volume.labels) &&
          matchesPattern(filters, 'name', volume.name),
      )
    return { volumes: volumes.map(volumeToWire), warnings: [] }
  }

  async remove(name: string, force: boolean): Promise<void> {
    await this.#volumes.remove(name, { force })
  }

  /** Anonymous volumes only, unless `all` is true: API versions before 1.42 mean all, and their route says so. */
  async prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }> {
    checkFilters(filters, ['all', 'label', 'label!'])
    const all = booleanFilter(filters, 'all') ?? false
    const deleted: string[] = []
    let spaceReclaimed = 0
    for (const volume of this.#volumes.list()) {
      if (!(all || Object.hasOwn(volume.labels, anonymousLabel)) || !this.#isUnused(volume)) continue
      if (!matchesPruneLabels(filters, volume.labels)) continue
      const size = await this.#removeUnused(volume.name)
      if (size === null) continue
      deleted.push(volume.name)
      spaceReclaimed += size
    }
    this.#events.publish('volume', 'prune', '', { reclaimed: String(spaceReclaimed) })
    return { deleted, spaceReclaimed }
  }

  /** The bytes it held, or null when somebody has begun to use it or has removed it meanwhile. */
  async #removeUnused(name: string): Promise<number | null> {
    try {
      const size = await this.#volumes.size(name)
      await this.#volumes.remove(name)
      return size
    } catch (error) {
      if (isKind(error, 'Conflict') || isKind(error, 'NotFound')) return null
      throw error
    }
  }

  #isUnused({ name }: VolumeRecord): boolean {
    return this.#volumes.users(name).length === 0
  }
}
