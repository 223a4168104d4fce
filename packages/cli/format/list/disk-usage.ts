/** What takes space on the disk: a line for each kind of object. */
import { humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'

/** How much of one kind there is, in bytes. */
export interface DiskUsageRow {
  readonly type: 'Images' | 'Containers' | 'Local Volumes' | 'Build Cache'
  readonly total: number
  readonly active: number
  readonly size: number
  readonly reclaimable: number
}

/** The template of a format's short name; others are templates already. */
export function diskUsageFormat(format: string): string {
  if (format === 'raw') {
    return 'type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n'
  }
  if (format !== 'table' && format !== '') return format
  return 'table {{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}'
}

export const diskUsageColumns: ListColumns<DiskUsageRow> = {
  name: 'formatter.diskUsageImagesContext',
  fields: {
    Type: ({ type }) => type,
    TotalCount: ({ total }) => String(total),
    Active: ({ active }) => String(active),
    Size: ({ size }) => humanSize(size),
    Reclaimable: ({ type, size, reclaimable }) =>
      size > 0 && type !== 'Build Cache'
        ? `${humanSize(reclaimable)} (${Math.trunc((reclaimable * 100) / size)}%)`
        : humanSize(reclaimable),
  },
  headers: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
}
