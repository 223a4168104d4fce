import type { ImageSummary } from '@gantry/api'
import { marshal } from '../../format/go/json.ts'
import { type Data, pointerTo, type StructType, sliceOf } from '../../format/go/types.ts'
import { buildCacheColumns } from '../../format/list/build-cache.ts'
import { containerColumns, containerFormat } from '../../format/list/containers.ts'
import { diskUsageColumns, diskUsageFormat } from '../../format/list/disk-usage.ts'
import { type ImageRow, imageColumns, imageFormat, imageRows } from '../../format/list/images.ts'
import { formatList, isTable, itemType, type ListColumns, parseListTemplate } from '../../format/list/list.ts'
import { volumeColumns, volumeFormat } from '../../format/list/volumes.ts'
import { TemplateError } from '../../format/template/index.ts'
import { humanSize } from '../../format/units.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { type DiskUsage, diskUsage } from './disk-usage.ts'

/** `system df`: what takes space on the disk. */
export async function systemDf(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const verbose = flags.bool('verbose')
  const format = flags.string('format') || 'table'
  const usage = await diskUsage(context.client, verbose)
  if (!verbose) context.stdout.write(formatList(usage.rows, diskUsageColumns, diskUsageFormat(format)))
  else if (format === 'table') context.stdout.write(tables(usage))
  else context.stdout.write(custom(usage, format))
}

/** An image has one row here, whatever number of names it has. */
const firstRow = (image: ImageSummary, truncate: boolean): ImageRow => {
  const [row] = imageRows({ ...image, RepoTags: (image.RepoTags ?? []).slice(0, 1) }, false, false, truncate)
  return { ...(row as ImageRow), digest: '' }
}

function rowsOf(usage: DiskUsage, truncate: boolean) {
  return {
    images: usage.images.map((image) => firstRow(image, truncate)),
    // Only what the container itself takes counts here.
    containers: usage.containers.map((container) => ({
      container: { ...container, SizeRootFs: 0 },
      truncate,
    })),
    volumes: [...usage.volumes],
    buildCache: usage.buildCache.map((record) => ({ record, truncate })),
  }
}

function tables(usage: DiskUsage): string {
  const rows = rowsOf(usage, true)
  const cacheSize = usage.rows.find(({ type }) => type === 'Build Cache')?.size ?? 0
  return [
    'Images space usage:\n\n',
    formatList(
      rows.images,
      imageColumns,
      'table {{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{.CreatedSince}}\\t{{.Size}}\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}',
    ),
    '\nContainers space usage:\n\n',
    formatList(
      rows.containers,
      containerColumns,
      'table {{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.LocalVolumes}}\\t{{.Size}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Names}}',
    ),
    '\nLocal Volumes space usage:\n\n',
    formatList(rows.volumes, volumeColumns, 'table {{.Name}}\\t{{.Links}}\\t{{.Size}}'),
    `\nBuild cache usage: ${humanSize(cacheSize)}\n\n`,
    formatList(
      rows.buildCache,
      buildCacheColumns,
      'table {{.ID}}\\t{{.CacheType}}\\t{{.Size}}\\t{{.CreatedSince}}\\t{{.LastUsedSince}}\\t{{.UsageCount}}\\t{{.Shared}}',
    ),
  ].join('')
}

const listOf = <T>(columns: ListColumns<T>) => sliceOf(itemType(columns))

/** What templates see of it all: four lists. */
const usageType: StructType = {
  kind: 'struct',
  name: 'formatter.diskUsageContext',
  fields: [
    { name: 'Images', json: 'Images', type: listOf(imageColumns) },
    { name: 'Containers', json: 'Containers', type: listOf(containerColumns) },
    { name: 'Volumes', json: 'Volumes', type: listOf(volumeColumns) },
    { name: 'BuildCache', json: 'BuildCache', type: listOf(buildCacheColumns) },
  ],
}

function custom(usage: DiskUsage, format: string): string {
  const { images, containers, volumes, buildCache } = rowsOf(usage, isTable(format))
  const data: Data = [images, containers, volumes, buildCache]
  if (format === 'json') return marshal({ type: usageType, data }, false)
  try {
    const template = parseListTemplate(format === 'raw' ? rawFormat() : format)
    return template.run({ type: pointerTo(usageType), data })
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(1, error.message)
    throw error
  }
}

const rawFormat = (): string => `{{range .Images}}type: Image
${imageFormat('raw', false, true)}
{{end -}}
{{range .Containers}}type: Container
${containerFormat('raw', false, true)}
{{end -}}
{{range .Volumes}}type: Volume
${volumeFormat('raw', false)}
{{end -}}
{{range .BuildCache}}type: Build Cache
cache_id: {{.ID}}
parent_id: {{.Parent}}
build_cache_type: {{.CacheType}}
description: {{.Description}}
created_at: {{.CreatedAt}}
created_since: {{.CreatedSince}}
last_used_at: {{.LastUsedAt}}
last_used_since: {{.LastUsedSince}}
usage_count: {{.UsageCount}}
in_use: {{.InUse}}
shared: {{.Shared}}
{{end -}}`
