/** The layers of an image. */
import type { ImageHistoryResponseItem } from '@gantry/api'
import { fromUnix, rfc3339 } from '../time.ts'
import { humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'
import { ago, ellipsis, shortId } from './texts.ts'

export interface HistoryRow {
  readonly layer: ImageHistoryResponseItem
  readonly truncate: boolean
  /** Sizes and dates for people, not for programs. */
  readonly human: boolean
}

/** The template of a format's short name; others are templates already. */
export function historyFormat(format: string, quiet: boolean, human: boolean): string {
  if (format !== 'table' && format !== '') return format
  if (quiet) return '{{.ID}}'
  const created = human ? '{{.CreatedSince}}' : '{{.CreatedAt}}'
  return `table {{.ID}}\\t${created}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}`
}

export const historyColumns: ListColumns<HistoryRow> = {
  name: 'image.historyContext',
  fields: {
    ID: ({ layer, truncate }) => (truncate ? shortId(layer.Id) : layer.Id),
    CreatedAt: ({ layer }) => (isDated(layer) ? rfc3339(fromUnix(layer.Created)) : ''),
    CreatedSince: ({ layer, human }) => {
      if (!human) return rfc3339(fromUnix(layer.Created))
      return isDated(layer) ? ago(layer.Created * 1000) : 'N/A'
    },
    CreatedBy: ({ layer, truncate }) => {
      const command = layer.CreatedBy.replaceAll('\t', ' ')
      return truncate ? ellipsis(command, 45) : command
    },
    Size: ({ layer, human }) => (human ? humanSize(layer.Size, 3) : String(layer.Size)),
    Comment: ({ layer }) => layer.Comment,
  },
  headers: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
}

/** Reproducible builds leave the date out: it is then before 1970. */
const isDated = (layer: ImageHistoryResponseItem): boolean => layer.Created > 0
