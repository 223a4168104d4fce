/** Ports, of the address 127.0.0.11 inside a container, that the resolver really listens on. */
export interface DnsPorts {
  udp: number
  tcp: number
}

export const dnsAddress = '127.0.0.11'

/**
 * nftables commands, for the container's own namespace, that make port 53 of 127.0.0.11 lead to other ports. Listening on
 * port 53 itself would keep the container from running a name server on all its addresses. No connection tracking:
 * both directions are rewritten packet by packet. `replace` deletes the rules of before in the same transaction; without
 * any, deleting would only cost some 10 ms that the kernel takes to forget them.
 */
export function redirectCommands(ports: DnsPorts, replace: boolean): string {
  const rules = (['udp', 'tcp'] as const).flatMap((protocol) => [
    `ip daddr ${dnsAddress} ${protocol} dport 53 ${protocol} dport set ${ports[protocol]}`,
    `ip saddr ${dnsAddress} ${protocol} sport ${ports[protocol]} ${protocol} sport set 53`,
  ])
  return [
    ...(replace ? ['table ip gantry-dns', 'delete table ip gantry-dns'] : []),
    'table ip gantry-dns {\n chain output {\n type filter hook output priority raw; policy accept;',
    ...rules,
    '}\n}',
  ].join('\n')
}
