/** The Go structs of what `network inspect` answers, and a container's endpoints. See declare.ts for the notation. */
import type { Declarations } from './declare.ts'

export const networkDeclarations: Declarations = {
  'network.Address': `
    Addr string
    PrefixLen int
  `,
  'network.EndpointSettings': `
    IPAMConfig *network.EndpointIPAMConfig
    Links []string
    Aliases []string
    MacAddress string
    DriverOpts map[string]string
    GwPriority int
    NetworkID string
    EndpointID string
    Gateway string
    IPAddress string
    IPPrefixLen int
    IPv6Gateway string
    GlobalIPv6Address string
    GlobalIPv6PrefixLen int
    DNSNames []string
  `,
  'network.EndpointIPAMConfig': `
    IPv4Address string IPv4Address,omitempty
    IPv6Address string IPv6Address,omitempty
    LinkLocalIPs []string LinkLocalIPs,omitempty
  `,
  'network.Inspect': `
    Name string
    ID string Id
    Created time.Time
    Scope string
    Driver string
    EnableIPv4 bool
    EnableIPv6 bool
    IPAM network.IPAM
    Internal bool
    Attachable bool
    Ingress bool
    ConfigFrom network.ConfigReference
    ConfigOnly bool
    Containers map[string]network.EndpointResource
    Options map[string]string
    Labels map[string]string
    Peers []network.PeerInfo Peers,omitempty
    Services map[string]any Services,omitempty
  `,
  'network.IPAM': `
    Driver string
    Options map[string]string
    Config []network.IPAMConfig
  `,
  'network.IPAMConfig': `
    Subnet string Subnet,omitempty
    IPRange string IPRange,omitempty
    Gateway string Gateway,omitempty
    AuxAddress map[string]string AuxiliaryAddresses,omitempty
  `,
  'network.ConfigReference': `
    Network string
  `,
  'network.EndpointResource': `
    Name string
    EndpointID string
    MacAddress string
    IPv4Address string
    IPv6Address string
  `,
  'network.PeerInfo': `
    Name string
    IP string
  `,
}
