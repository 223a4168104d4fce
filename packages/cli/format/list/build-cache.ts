/** The list of what the build cache holds. */
import type { BuildCache } from '@gantry/api'
import { parseTime } from '../time.ts'
import { humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'
import { ago, shortId } from './texts.ts'

export interface BuildCacheRow {
  readonly record: BuildCache
  readonly truncate: boolean
}

/** The ids of what is in use or shared bear a mark. */
function markedId({ record, truncate }: BuildCacheRow): string {
  const id = truncate ? shortId(record.ID ?? '') : (record.ID ?? '')
  return record.InUse ? `${id}*` : id
}

const since = (text: string | null | undefined): string => {
  const moment = parseTime(text ?? '')
  return moment ? ago(moment.seconds * 1000) : ''
}

export const buildCacheColumns: ListColumns<BuildCacheRow> = {
  name: 'formatter.buildCacheContext',
  fields: {
    ID: markedId,
    Parent: ({ record }) => (record.Parents ?? []).join(', '),
    CacheType: ({ record }) => record.Type ?? '',
    Description: ({ record }) => record.Description ?? '',
    Size: ({ record }) => humanSize(record.Size ?? 0, 3),
    CreatedAt: ({ record }) => record.CreatedAt ?? '',
    CreatedSince: ({ record }) => since(record.CreatedAt),
    LastUsedAt: ({ record }) => record.LastUsedAt ?? '',
    LastUsedSince: ({ record }) => since(record.LastUsedAt),
    UsageCount: ({ record }) => String(record.UsageCount ?? 0),
    InUse: ({ record }) => String(record.InUse ?? false),
    Shared: ({ record }) => String(record.Shared ?? false),
  },
  headers: {
    ID: 'CACHE ID',
    Parent: 'PARENT',
    CacheType: 'CACHE TYPE',
    Size: 'SIZE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
    InUse: 'IN USE',
    Shared: 'SHARED',
    Description: 'DESCRIPTION',
    CreatedAt: 'CREATED AT',
    LastUsedAt: 'LAST USED AT',
  },
}
