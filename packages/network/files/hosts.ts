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

/** The file's text. */
export function hostsFile(request: HostsRequest): string {
  const lines = ['127.0.0.1\tlocalhost']
  if (request.ipv6 !== false) lines.push(...localhostIPv6)
  lines.push(...extraHostsLines(request))
  for (const link of request.links ?? []) lines.push(`${link.address}\t${link.names.join(' ')}`)
  lines.push(...ownHostsLines(request))
  return `${lines.join('\n')}\n`
}

/** The lines of what users add. An extra host `host-gateway` without a known gateway is left out. */
export function extraHostsLines({
  extraHosts = [],
  hostGateway = [],
}: Pick<HostsRequest, 'extraHosts' | 'hostGateway'>): string[] {
  return extraHosts.flatMap((extra) => {
    const [, name, address = ''] = /^([^:=]+)[:=](.*)$/.exec(extra) ?? []
    if (!name) return []
    const addresses = address === 'host-gateway' ? hostGateway : [address.replace(/^\[(.*)\]$/, '$1')]
    return addresses.map((one) => `${one}\t${name}`)
  })
}

/** The lines of a container's own addresses. */
export function ownHostsLines({
  hostname,
  domainname,
  addresses,
}: Pick<HostsRequest, 'hostname' | 'domainname' | 'addresses'>): string[] {
  const names = domainname ? `${hostname}.${domainname} ${hostname}` : hostname
  return addresses.map((address) => `${address}\t${names}`)
}

/** The text with these lines at its end, each once. */
export function withHostsLines(text: string, lines: readonly string[]): string {
  const kept = withoutHostsLines(text, lines)
  const end = kept === '' || kept.endsWith('\n') ? '' : '\n'
  return `${kept}${end}${lines.map((line) => `${line}\n`).join('')}`
}

/** The text without these lines. */
export function withoutHostsLines(text: string, lines: readonly string[]): string {
  return text
    .split('\n')
    .filter((line) => !lines.includes(line))
    .join('\n')
}

/**
 * The text with the line of a link as it should be now, in its place; without one when `address` is null. The first two
 * names, alias and hostname, tell which line it is.
 */
export function withHostsLink(text: string, names: readonly string[], address: string | null): string {
  const own = names.slice(0, 2).join(' ')
  return text
    .split('\n')
    .flatMap((line) => {
      const [, found = ''] = /^\S+\t(.*)$/.exec(line) ?? []
      if (found !== own && !found.startsWith(`${own} `)) return [line]
      return address === null ? [] : [`${address}\t${names.join(' ')}`]
    })
    .join('\n')
}

/** The text with lines of a container's own names for these addresses and no others, but for those of its extra hosts. */
export function withOwnHostsLines(
  text: string,
  own: Pick<HostsRequest, 'hostname' | 'domainname' | 'addresses' | 'extraHosts'>,
): string {
  const extra = hostsFile({ ...own, addresses: [] }).split('\n')
  const [anywhere = ''] = ownHostsLines({ ...own, addresses: [''] })
  const wanted = ownHostsLines(own)
  const stale = text
    .split('\n')
    .filter((line) => line.endsWith(anywhere) && !wanted.includes(line) && !extra.includes(line))
  const present = text.split('\n')
  return withHostsLines(
    withoutHostsLines(text, stale),
    wanted.filter((line) => !present.includes(line)),
  )
}
