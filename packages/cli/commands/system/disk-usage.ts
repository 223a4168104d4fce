/** The engine's disk usage, whichever way it answers: since API 1.52 it does the sums itself. */
import type { BuildCache, ContainerSummary, ImageSummary, Volume } from '@gantry/api'
import type { Client } from '@gantry/client'
import type { DiskUsageRow } from '../../format/list/disk-usage.ts'

export interface DiskUsage {
  readonly rows: readonly DiskUsageRow[]
  readonly images: readonly ImageSummary[]
  readonly containers: readonly ContainerSummary[]
  readonly volumes: readonly Volume[]
  readonly buildCache: readonly BuildCache[]
}

interface Usage {
  TotalCount?: number
  ActiveCount?: number
  TotalSize?: number
  Reclaimable?: number
  Items?: unknown[]
}

interface Answer {
  ImageUsage?: Usage
  ContainerUsage?: Usage
  VolumeUsage?: Usage
  BuildCacheUsage?: Usage
  LayersSize?: number
  Images?: ImageSummary[] | null
  Containers?: ContainerSummary[] | null
  Volumes?: Volume[] | null
  BuildCache?: BuildCache[] | null
}

/** Asks for the usage; `verbose` also for each object. */
export async function diskUsage(client: Client, verbose: boolean): Promise<DiskUsage> {
  const answer: Answer = await client.call('SystemDataUsage', { query: { ...(verbose && { verbose }) } })
  return answer.ImageUsage || answer.ContainerUsage ? summed(answer) : sumUp(answer)
}

function summed({ ImageUsage, ContainerUsage, VolumeUsage, BuildCacheUsage }: Answer): DiskUsage {
  const row = (type: DiskUsageRow['type'], usage: Usage = {}): DiskUsageRow => ({
    type,
    total: usage.TotalCount ?? 0,
    active: usage.ActiveCount ?? 0,
    size: usage.TotalSize ?? 0,
    reclaimable: usage.Reclaimable ?? 0,
  })
  return {
    rows: [
      row('Images', ImageUsage),
      row('Containers', ContainerUsage),
      row('Local Volumes', VolumeUsage),
      row('Build Cache', BuildCacheUsage),
    ],
    images: (ImageUsage?.Items ?? []) as ImageSummary[],
    containers: (ContainerUsage?.Items ?? []) as ContainerSummary[],
    volumes: (VolumeUsage?.Items ?? []) as Volume[],
    buildCache: (BuildCacheUsage?.Items ?? []) as BuildCache[],
  }
}

function sumUp(answer: Answer): DiskUsage {
  const images = answer.Images ?? []
  const containers = answer.Containers ?? []
  const volumes = answer.Volumes ?? []
  const buildCache = answer.BuildCache ?? []
  return {
    rows: [
      imagesRow(images, answer.LayersSize ?? 0),
      rowOf('Containers', containers, isUp, containerSize),
      rowOf('Local Volumes', volumes, isMounted, volumeSize),
      rowOf('Build Cache', buildCache, ({ InUse: inUse }) => inUse === true, ownCacheSize),
    ],
    images,
    containers,
    volumes,
    buildCache,
  }
}

const sum = <T>(items: readonly T[], sizeOf: (item: T) => number): number =>
  items.reduce((total, item) => total + sizeOf(item), 0)

function imagesRow(images: readonly ImageSummary[], size: number): DiskUsageRow {
  const used = images.filter(
    (image) => image.Containers !== 0 && image.Size !== -1 && image.SharedSize !== -1,
  )
  return {
    type: 'Images',
    total: images.length,
    active: images.filter((image) => image.Containers > 0).length,
    size,
    reclaimable: size - sum(used, (image) => image.Size - image.SharedSize),
  }
}

/** What is not active can be had back. */
function rowOf<T>(
  type: DiskUsageRow['type'],
  items: readonly T[],
  isActive: (item: T) => boolean,
  sizeOf: (item: T) => number,
): DiskUsageRow {
  const active = items.filter(isActive)
  const size = sum(items, sizeOf)
  return {
    type,
    total: items.length,
    active: active.length,
    size,
    reclaimable: size - sum(active, sizeOf),
  }
}

const isUp = ({ State: state }: ContainerSummary): boolean =>
  ['running', 'paused', 'restarting'].includes(state ?? '')
const isMounted = ({ UsageData: usage }: Volume): boolean => (usage?.RefCount ?? 0) > 0

const containerSize = ({ SizeRw: size }: ContainerSummary): number => size ?? 0
const volumeSize = ({ UsageData: usage }: Volume): number => Math.max(usage?.Size ?? 0, 0)
/** What records share is counted with the images that they share it with. */
const ownCacheSize = ({ Shared: shared, Size: size }: BuildCache): number => (shared ? 0 : (size ?? 0))
