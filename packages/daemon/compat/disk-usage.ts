/** `GET /system/df`: totals by type since 1.52, bare lists until then, both in 1.52 itself. */
import type { BuildCache, ContainerSummary, ImageSummary, Operations } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'
import { summaryFor } from './containers.ts'

type DiskUsage = Operations['SystemDataUsage']['answer']

/** The object types that a client may ask for. */
export type UsageTypes = ReadonlySet<string>

/** The wanted totals; the items behind them only when `verbose`. */
export function withoutItems(usage: DiskUsage, wanted: UsageTypes, verbose: boolean): DiskUsage {
  const shown: DiskUsage = {}
  if (wanted.has('image')) shown.ImageUsage = strip(usage.ImageUsage, verbose)
  if (wanted.has('container')) shown.ContainerUsage = strip(usage.ContainerUsage, verbose)
  if (wanted.has('volume')) shown.VolumeUsage = strip(usage.VolumeUsage, verbose)
  if (wanted.has('build-cache')) shown.BuildCacheUsage = strip(usage.BuildCacheUsage, verbose)
  return shown
}

function strip<T extends { Items?: unknown[] }>(usage: T | undefined, verbose: boolean): T | undefined {
  if (!usage || verbose) return usage
  const { Items: _items, ...totals } = usage
  return totals as T
}

/** The lists of 1.51 and older. */
export function legacyDiskUsage(version: ApiVersion, usage: DiskUsage, wanted: UsageTypes): object {
  const images = (usage.ImageUsage?.Items ?? []) as ImageSummary[]
  const containers = (usage.ContainerUsage?.Items ?? []) as ContainerSummary[]
  return {
    LayersSize: wanted.has('image') ? (usage.ImageUsage?.TotalSize ?? 0) : 0,
    Images: wanted.has('image')
      ? images.map((image) => (version < 44 ? { ...image, VirtualSize: image.Size } : image))
      : null,
    Containers: wanted.has('container')
      ? containers.map((container) => summaryFor(version, container))
      : null,
    Volumes: wanted.has('volume') ? (usage.VolumeUsage?.Items ?? []) : null,
    BuildCache: wanted.has('build-cache') ? legacyRecords(version, usage) : null,
    ...(version < 42
      ? { BuilderSize: wanted.has('build-cache') ? (usage.BuildCacheUsage?.TotalSize ?? 0) : 0 }
      : {}),
  }
}

/** One parent, until 1.41. */
function legacyRecords(version: ApiVersion, { BuildCacheUsage }: DiskUsage): object[] {
  const records = (BuildCacheUsage?.Items ?? []) as BuildCache[]
  if (version >= 42) return records
  return records.map(({ Parents, ...record }) => ({ ...record, Parent: Parents?.[0] ?? '' }))
}
