/** The list of containers. */
import type { ContainerSummary } from '@gantry/api'
import { parseReference } from '../../options/reference.ts'
import { quote } from '../go/quote.ts'
import { anyType, pointerTo, type StructType, stringType } from '../go/types.ts'
import { fromUnix, goTimeText } from '../time.ts'
import { humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'
import { portsText } from './ports.ts'
import { ago, ellipsis, labelOf, labelText, shortId } from './texts.ts'

/** A row, and whether its long texts are cut. */
export interface ContainerRow {
  readonly container: ContainerSummary
  readonly truncate: boolean
  /** Called when the template asks for the size, which costs the engine some work. */
  readonly onSize?: () => void
}

const defaultTable =
  'table {{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Ports}}\\t{{.Names}}'

/** The template of a format's short name; others are templates already. */
export function containerFormat(format: string, quiet: boolean, size: boolean): string {
  if (format === 'raw') return rawFormat(quiet, size)
  if (quiet) return '{{.ID}}'
  return format === 'table' || format === '' ? defaultTable + (size ? '\\t{{.Size}}' : '') : format
}

function rawFormat(quiet: boolean, size: boolean): string {
  if (quiet) return 'container_id: {{.ID}}'
  return `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
${size ? 'size: {{.Size}}\\n' : ''}`
}

const platformType: StructType = {
  kind: 'struct',
  name: 'formatter.Platform',
  fields: [{ name: 'Platform', json: '', type: anyType }],
  stringer: (data) => platformText(data as Platform),
  methods: { String: { parameters: [], result: stringType, call: (data) => platformText(data as Platform) } },
}

interface Platform {
  os?: string
  architecture?: string
  variant?: string
  'os.version'?: string
}

function platformText(platform: Platform): string {
  const version = platform['os.version'] ? `(${platform['os.version']})` : ''
  return [`${platform.os ?? ''}${version}`, platform.architecture, platform.variant].filter(Boolean).join('/')
}

const platformOf = ({ container }: ContainerRow): Platform | null =>
  (container.ImageManifestDescriptor?.platform as Platform | undefined) ?? null

export const containerColumns: ListColumns<ContainerRow> = {
  name: 'formatter.ContainerContext',
  fields: {
    ID: ({ container, truncate }) => (truncate ? shortId(container.Id ?? '') : (container.Id ?? '')),
    Names: namesText,
    Image: imageText,
    Command: ({ container, truncate }) =>
      quote(truncate ? ellipsis(container.Command ?? '', 20) : (container.Command ?? '')),
    CreatedAt: ({ container }) => goTimeText(fromUnix(container.Created ?? 0)),
    RunningFor: ({ container }) => ago((container.Created ?? 0) * 1000),
    Platform: {
      type: pointerTo(platformType),
      of: platformOf,
      json: (row) => JSON.stringify(platformOf(row)),
    },
    Ports: ({ container }) => portsText(container.Ports ?? []),
    State: ({ container }) => container.State ?? '',
    Status: ({ container }) => container.Status ?? '',
    Size: sizeText,
    Labels: ({ container }) => labelText(container.Labels),
    Label: { label: ({ container }, key) => labelOf(container.Labels, key) },
    Mounts: ({ container, truncate }) =>
      (container.Mounts ?? [])
        .map((mount) => mount.Name || mount.Source || '')
        .map((name) => (truncate ? ellipsis(name, 15) : name))
        .join(','),
    LocalVolumes: ({ container }) =>
      String((container.Mounts ?? []).filter((mount) => mount.Driver === 'local').length),
    Networks: ({ container }) => Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
  },
  headers: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    LocalVolumes: 'LOCAL VOLUMES',
    Networks: 'NETWORKS',
    Platform: 'PLATFORM',
  },
}

/** One name when cut: names with a slash inside come from links and are left out. */
function namesText({ container, truncate }: ContainerRow): string {
  const names = (container.Names ?? []).map((name) => name.replace(/^\//, ''))
  return truncate ? (names.find((name) => !name.includes('/')) ?? '') : names.join(',')
}

function imageText({ container, truncate }: ContainerRow): string {
  const { Image: image = '', ImageID: id = '' } = container
  if (image === '') return '<no image>'
  if (!truncate) return image
  if (shortId(id) === shortId(image)) return shortId(id)
  try {
    const reference = parseReference(image)
    if (!reference) return image
    // The digest of a name@digest says little to a person.
    return reference.tag === undefined ? reference.name : `${reference.name}:${reference.tag}`
  } catch {
    return image
  }
}

function sizeText({ container, onSize }: ContainerRow): string {
  onSize?.()
  const own = humanSize(container.SizeRw ?? 0, 3)
  return container.SizeRootFs ? `${own} (virtual ${humanSize(container.SizeRootFs, 3)})` : own
}
