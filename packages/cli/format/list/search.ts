/** What a search for images has found. */
import type { Operations } from '@gantry/api'
import type { ListColumns } from './list.ts'
import { ellipsis } from './texts.ts'

export interface SearchRow {
  readonly result: Operations['ImageSearch']['answer'][number]
  readonly truncate: boolean
}

/** The template of a format's short name; others are templates already. */
export function searchFormat(format: string): string {
  if (format !== 'table' && format !== '') return format
  return 'table {{.Name}}\\t{{.Description}}\\t{{.StarCount}}\\t{{.IsOfficial}}'
}

const longestDescription = 45

export const searchColumns: ListColumns<SearchRow> = {
  name: 'registry.searchContext',
  fields: {
    Name: ({ result }) => result.name ?? '',
    Description: ({ result, truncate }) => {
      const line = (result.description ?? '').replace(/[\n\r]/g, ' ')
      return truncate ? ellipsis(line, longestDescription) : line
    },
    StarCount: ({ result }) => String(result.star_count ?? 0),
    IsOfficial: ({ result }) => (result.is_official ? '[OK]' : ''),
  },
  headers: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
}
