/** The list of volumes. */
import type { Volume } from '@gantry/api'
import { humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'
import { labelOf, labelText } from './texts.ts'

/** The template of a format's short name; others are templates already. */
export function volumeFormat(format: string, quiet: boolean): string {
  if (format === 'raw') return quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\ndriver: {{.Driver}}\n'
  if (format !== 'table' && format !== '') return format
  return quiet ? '{{.Name}}' : 'table {{.Driver}}\\t{{.Name}}'
}

export const volumeColumns: ListColumns<Volume> = {
  name: 'formatter.volumeContext',
  fields: {
    Name: (volume) => volume.Name,
    Driver: (volume) => volume.Driver,
    Scope: (volume) => volume.Scope,
    Mountpoint: (volume) => volume.Mountpoint,
    Labels: (volume) => labelText(volume.Labels),
    Label: { label: (volume, key) => labelOf(volume.Labels, key) },
    Links: ({ UsageData: usage }) => (usage ? String(usage.RefCount) : 'N/A'),
    Size: ({ UsageData: usage }) => (usage ? humanSize(usage.Size) : 'N/A'),
    Group: ({ ClusterVolume: cluster }) => (cluster ? (cluster.Spec?.Group ?? '') : 'N/A'),
    Availability: ({ ClusterVolume: cluster }) => availabilityText(cluster),
    Status: ({ ClusterVolume: cluster }) => {
      if (!cluster) return 'N/A'
      if (!cluster.Info?.VolumeID) return 'pending creation'
      const used = (cluster.PublishStatus ?? []).filter(({ State: state }) => state === 'published').length
      return used > 0 ? `in use (${used} nodes)` : 'created'
    },
  },
  headers: {
    ID: 'ID',
    Name: 'VOLUME NAME',
    Group: 'GROUP',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Availability: 'AVAILABILITY',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Status: 'STATUS',
  },
}

function availabilityText(cluster: Volume['ClusterVolume']): string {
  if (!cluster) return 'N/A'
  return (cluster.Spec as { Availability?: string } | undefined)?.Availability ?? ''
}
