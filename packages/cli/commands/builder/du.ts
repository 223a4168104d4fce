import type { BuildCache } from '@gantry/api'
import { marshal } from '../../format/go/json.ts'
import { buildCacheColumns } from '../../format/list/build-cache.ts'
import { formatList, itemType } from '../../format/list/list.ts'
import { ago } from '../../format/list/texts.ts'
import { alignColumns } from '../../format/tabwriter.ts'
import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { cacheRecords, isMutable } from './cache-records.ts'

/** `builder du`: what the build cache takes of the disk, in the words of `docker buildx du`. */
export async function builderDu(
  { client, stdout }: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const records = await cacheRecords(client, flags.filters('filter'))
  const format = flags.string('format') || (flags.bool('verbose') ? 'pretty' : 'table')
  if (format === 'json') {
    const type = itemType(buildCacheColumns)
    for (const record of records)
      stdout.write(`${marshal({ type, data: { record, truncate: false } }, false)}\n`)
  } else if (format === 'pretty') stdout.write(records.map(details).join('') + totals(records))
  else if (format === 'table') stdout.write(table(records) + totals(records))
  else
    stdout.write(
      formatList(
        records.map((record) => ({ record, truncate: false })),
        buildCacheColumns,
        format,
      ),
    )
}

const size = (bytes: number): string => humanSize(bytes, 4)
const lastUsed = ({ LastUsedAt }: BuildCache): string => (LastUsedAt ? ago(Date.parse(LastUsedAt)) : '')

/** Shared records bear a mark behind their size. */
function table(records: readonly BuildCache[]): string {
  const rows = records.map((record) => [
    record.ID ?? '',
    String(!record.InUse),
    `${size(record.Size ?? 0)}${record.Shared ? '*' : ''}`,
    lastUsed(record),
  ])
  return lined([['ID', 'RECLAIMABLE', 'SIZE', 'LAST ACCESSED'], ...rows])
}

function details(record: BuildCache): string {
  const lines: [string, string][] = [
    ['ID', record.ID ?? ''],
    ...(record.Parents?.length ? [['Parents', record.Parents.join(', ')] as [string, string]] : []),
    ['Created at', record.CreatedAt ?? ''],
    ['Mutable', String(isMutable(record))],
    ['Reclaimable', String(!record.InUse)],
    ['Shared', String(record.Shared ?? false)],
    ['Size', size(record.Size ?? 0)],
    ['Description', record.Description ?? ''],
    ['Usage count', String(record.UsageCount ?? 0)],
    ['Last used', lastUsed(record)],
    ['Type', record.Type ?? ''],
  ]
  return `${lined(lines.map(([name, value]) => [`${name}:`, value]))}\n`
}

function totals(records: readonly BuildCache[]): string {
  const sum = (some: readonly BuildCache[]): string =>
    size(some.reduce((total, record) => total + (record.Size ?? 0), 0))
  const shared = records.filter(({ Shared }) => Shared)
  const rows = [
    ...(shared.length > 0
      ? [
          ['Shared:', sum(shared)],
          ['Private:', sum(records.filter(({ Shared }) => !Shared))],
        ]
      : []),
    ['Reclaimable:', sum(records.filter(({ InUse }) => !InUse))],
    ['Total:', sum(records)],
  ]
  return lined(rows)
}

const lined = (rows: readonly (readonly string[])[]): string =>
  alignColumns(rows.map((row) => `${row.join('\t')}\n`).join(''))
