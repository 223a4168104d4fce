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
      containersRow(containers),
      volumesRow(volumes),
      buildCacheRow(buildCache),
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

function containersRow(containers: readonly ContainerSummary[]): DiskUsageRow {
  const isActive = ({ State: state }: ContainerSummary) =>
    ['running', 'paused', 'restarting'].includes(state ?? '')
  const sizeOf = ({ SizeRw: size }: ContainerSummary) => size ?? 0
  const active = containers.filter(isActive)
  return {
    type: 'Containers',
    total: containers.length,
    active: active.length,
    size: sum(containers, sizeOf),
    reclaimable: sum(containers, sizeOf) - sum(active, sizeOf),
  }
}

function volumesRow(volumes: readonly Volume[]): DiskUsageRow {
  const sizeOf = ({ UsageData: usage }: Volume) => Math.max(usage?.Size ?? 0, 0)
  const active = volumes.filter(({ UsageData: usage }) => (usage?.RefCount ?? 0) > 0)
  return {
    type: 'Local Volumes',
    total: volumes.length,
    active: active.length,
    size: sum(volumes, sizeOf),
    reclaimable: sum(volumes, sizeOf) - sum(active, sizeOf),
  }
}

function buildCacheRow(records: readonly BuildCache[]): DiskUsageRow {
  const own = records.filter((record) => !record.Shared)
  const sizeOf = ({ Size: size }: BuildCache) => size ?? 0
  const active = records.filter((record) => record.InUse)
  const size = sum(own, sizeOf)
  return {
    type: 'Build Cache',
    total: records.length,
    active: active.length,
    size,
    reclaimable:
      size -
      sum(
        own.filter((record) => record.InUse),
        sizeOf,
      ),
  }
}
