/** The contents of hosts(5) for a container: a pure function. */

export interface HostsRequest {
  hostname: string
  domainname?: string
  /** The container's own addresses, one line each. */
  addresses: readonly string[]
  /** `HostConfig.ExtraHosts`: `name:address`, `name=address`; brackets around an IPv6 address are taken off. */
  extraHosts?: readonly string[]
  /** What the address `host-gateway` stands for: the bridge's address. */
  hostGateway?: readonly string[]
  /** Names that `--link` gives to other containers' addresses. */
  links?: readonly { address: string; names: readonly string[] }[]
  /** Whether the container has IPv6, so that localhost means ::1 too. */
  ipv6?: boolean
}

const localhostIPv6 = [
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'ff00::0\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
]

/** The file's text. An extra host `host-gateway` without a known gateway is left out. */
export function hostsFile(request: HostsRequest): string {
  const lines = ['127.0.0.1\tlocalhost']
  if (request.ipv6 !== false) lines.push(...localhostIPv6)
  for (const extra of request.extraHosts ?? []) {
    const [, name, address = ''] = /^([^:=]+)[:=](.*)$/.exec(extra) ?? []
    if (!name) continue
    const addresses =
      address === 'host-gateway' ? (request.hostGateway ?? []) : [address.replace(/^\[(.*)\]$/, '$1')]
    for (const one of addresses) lines.push(`${one}\t${name}`)
  }
  for (const link of request.links ?? []) lines.push(`${link.address}\t${link.names.join(' ')}`)
  const { hostname, domainname } = request
  const names = domainname ? `${hostname}.${domainname} ${hostname}` : hostname
  for (const address of request.addresses) lines.push(`${address}\t${names}`)
  return `${lines.join('\n')}\n`
}
