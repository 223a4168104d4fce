/** The list of networks. */
import type { NetworkSummary } from '@gantry/api'
import { goTimeText, parseTime, zeroTime } from '../time.ts'
import type { ListColumns } from './list.ts'
import { labelOf, labelText, shortId } from './texts.ts'

export interface NetworkRow {
  readonly network: NetworkSummary
  readonly truncate: boolean
}

/** The template of a format's short name; others are templates already. */
export function networkFormat(format: string, quiet: boolean): string {
  if (format === 'raw') {
    if (quiet) return 'network_id: {{.ID}}'
    return 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n'
  }
  if (format !== 'table' && format !== '') return format
  return quiet ? '{{.ID}}' : 'table {{.ID}}\\t{{.Name}}\\t{{.Driver}}\\t{{.Scope}}'
}

export const networkColumns: ListColumns<NetworkRow> = {
  name: 'network.networkContext',
  fields: {
    ID: ({ network, truncate }) => (truncate ? shortId(network.Id ?? '') : (network.Id ?? '')),
    Name: ({ network }) => network.Name ?? '',
    Driver: ({ network }) => network.Driver ?? '',
    Scope: ({ network }) => network.Scope ?? '',
    IPv4: ({ network }) => String(network.EnableIPv4 ?? false),
    IPv6: ({ network }) => String(network.EnableIPv6 ?? false),
    Internal: ({ network }) => String(network.Internal ?? false),
    Labels: ({ network }) => labelText(network.Labels),
    Label: { label: ({ network }, key) => labelOf(network.Labels, key) },
    CreatedAt: ({ network }) => goTimeText(parseTime(network.Created ?? '') ?? zeroTime),
  },
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
}
