import type { BuildCache, ContainerSummary, ImageSummary, Operations, Volume } from '@gantry/api'
import type { CacheUsage } from '@gantry/build'

export interface UsageInputs {
  images: ImageSummary[]
  /** Bytes of the layers that images have, shared ones once. */
  layers: number
  /** With sizes. */
  containers: ContainerSummary[]
  /** With UsageData. */
  volumes: Volume[]
  buildCache: CacheUsage[]
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** `GET /system/df`, with the items behind each total. */
export function toDiskUsage({
  images,
  layers,
  containers,
  volumes,
  buildCache,
}: UsageInputs): Operations['SystemDataUsage']['answer'] {
  return {
    ImageUsage: imageUsage(images, layers),
    ContainerUsage: containerUsage(containers),
    VolumeUsage: volumeUsage(volumes),
    BuildCacheUsage: cacheUsage(buildCache),
  }
}

/** What only images without containers hold can be reclaimed. */
function imageUsage(images: ImageSummary[], layers: number) {
  const active = images.filter(({ Containers }) => Containers > 0)
  const used = sum(active.map(({ Size, SharedSize }) => Size - Math.max(SharedSize, 0)))
  return {
    ActiveCount: active.length,
    TotalCount: images.length,
    Reclaimable: active.length === 0 ? layers : Math.max(layers - used, 0),
    TotalSize: layers,
    Items: images,
  }
}

const activeStates: ContainerSummary['State'][] = ['running', 'paused', 'restarting']

function containerUsage(containers: ContainerSummary[]) {
  const idle = containers.filter(({ State }) => !activeStates.includes(State))
  const size = (some: ContainerSummary[]) => sum(some.map(({ SizeRw }) => SizeRw ?? 0))
  return {
    ActiveCount: containers.length - idle.length,
    TotalCount: containers.length,
    Reclaimable: size(idle),
    TotalSize: size(containers),
    Items: containers,
  }
}

function volumeUsage(volumes: Volume[]) {
  const unused = volumes.filter(({ UsageData }) => !UsageData?.RefCount)
  const size = (some: Volume[]) => sum(some.map(({ UsageData }) => UsageData?.Size ?? 0))
  return {
    ActiveCount: volumes.length - unused.length,
    TotalCount: volumes.length,
    Reclaimable: size(unused),
    TotalSize: size(volumes),
    Items: volumes,
  }
}

/** What images have, too, is counted with them. */
function cacheUsage(records: CacheUsage[]) {
  const size = (some: CacheUsage[]) => sum(some.filter(({ shared }) => !shared).map((record) => record.size))
  const active = records.filter(({ inUse }) => inUse)
  return {
    ActiveCount: active.length,
    TotalCount: records.length,
    Reclaimable: size(records) - size(active),
    TotalSize: size(records),
    Items: records.map(toBuildCache),
  }
}

function toBuildCache(record: CacheUsage): BuildCache {
  const { id, type, parents, description, createdAt, usedAt, uses, inUse, shared, size } = record
  return {
    ID: id,
    ...(parents.length > 0 && { Parents: parents }),
    Type: type,
    Description: description,
    InUse: inUse,
    Shared: shared,
    Size: size,
    CreatedAt: createdAt,
    LastUsedAt: usedAt,
    UsageCount: uses,
  }
}
