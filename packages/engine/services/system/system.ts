import type { Operations, SystemInfo, SystemVersion, Volume } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { Volumes } from '@gantry/volumes'
import type { BuildCaches, Containers, Images, SystemService } from '../../contracts.ts'
import { volumeToWire } from '../volumes/wire.ts'
import { toDiskUsage } from './disk-usage.ts'
import type { HostFacts } from './facts.ts'
import { toSystemInfo } from './info.ts'
import type { ProgramVersion, SystemSettings } from './settings.ts'
import { toSystemVersion } from './version.ts'

type DiskUsage = Operations['SystemDataUsage']['answer']

export interface SystemServiceOptions {
  /** Read at each request, so that a reload shows. */
  settings: () => SystemSettings
  /** `gatherHostFacts`, outside of tests. */
  facts: () => Promise<HostFacts>
  programs: ProgramVersion[]
  containers: Pick<Containers, 'list'>
  images: Pick<Images, 'list' | 'count' | 'layerBytes'>
  volumes: Pick<Volumes, 'list' | 'size' | 'users'>
  caches: Pick<BuildCaches, 'usage'>
  eventListeners: () => number
}

/** The engine's description of itself. */
export function createSystemService(options: SystemServiceOptions): SystemService {
  return new EngineSystem(options)
}

class EngineSystem implements SystemService {
  readonly #options: SystemServiceOptions
  /** A calculation under way, which later callers share. */
  #usage: Promise<DiskUsage> | null = null

  constructor(options: SystemServiceOptions) {
    this.#options = options
  }

  async info(): Promise<SystemInfo> {
    const { settings, facts, programs, containers, images, eventListeners } = this.#options
    return toSystemInfo({
      facts: await facts(),
      settings: settings(),
      programs,
      containers: await containers.list({ all: true }),
      images: images.count(),
      eventListeners: eventListeners(),
      now: new Date(),
    })
  }

  async version(): Promise<SystemVersion> {
    const { settings, facts, programs } = this.#options
    return toSystemVersion(await facts(), settings(), programs, process.version)
  }

  async diskUsage(): Promise<DiskUsage> {
    this.#usage ??= this.#measure().finally(() => {
      this.#usage = null
    })
    return await this.#usage
  }

  async #measure(): Promise<DiskUsage> {
    const containers = await this.#options.containers.list({ all: true, size: true })
    const images = await this.#options.images.list({ sharedSize: true })
    const usersOf = (id: string) => containers.filter(({ ImageID }) => ImageID === id).length
    return toDiskUsage({
      images: images.map((image) => ({ ...image, Containers: usersOf(image.Id) })),
      layers: await this.#options.images.layerBytes(),
      containers,
      volumes: await this.#volumesWithUsage(),
      buildCache: await this.#options.caches.usage(),
    })
  }

  async #volumesWithUsage(): Promise<Volume[]> {
    const { volumes } = this.#options
    const measured: Volume[] = []
    for (const volume of volumes.list()) {
      const size = await ifThere(volumes.size(volume.name))
      if (size === null) continue
      const usage = { Size: size, RefCount: volumes.users(volume.name).length }
      measured.push({ ...volumeToWire(volume), UsageData: usage })
    }
    return measured
  }
}

/** Null for what has been removed since it was listed. */
async function ifThere<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (isKind(error, 'NotFound')) return null
    throw error
  }
}
