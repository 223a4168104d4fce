/** The contents of resolv.conf(5), read from the host's and written for a container: pure functions. */
import { isIP } from 'node:net'
import type { DnsOptions } from '../contracts.ts'
import { dnsAddress } from '../dns/redirect.ts'

const fallbackIPv4 = ['8.8.8.8', '8.8.4.4']
const fallbackIPv6 = ['2001:4860:4860::8888', '2001:4860:4860::8844']

/** Where systemd-resolved writes the resolvers that hide behind its own at 127.0.0.53. */
export const systemdResolvConf = '/run/systemd/resolve/resolv.conf'

/** Reads resolv.conf; the last `search` or `domain` line counts, `options` lines add up. Unknown lines are passed over. */
export function parseResolvConf(text: string): DnsOptions {
  const dns: DnsOptions = { servers: [], search: [], options: [] }
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    const [first] = values
    if (first === undefined) continue
    if (keyword === 'nameserver') dns.servers.push(first)
    else if (keyword === 'search' || keyword === 'domain') dns.search = values.filter((name) => name !== '.')
    else if (keyword === 'options') dns.options.push(...values)
  }
  return dns
}

/** Whether all that the host knows is a resolver at its own loopback (systemd-resolved): its real ones are elsewhere. */
export function usesLocalStub(dns: DnsOptions): boolean {
  return dns.servers.length > 0 && dns.servers.every((server) => server === '127.0.0.53')
}

/**
 * Resolvers for a container without a DNS server of ours (default bridge): the host's loopback is not the container's, so
 * loopback resolvers are dropped, and IPv6 ones where the container has no IPv6; Google's take their place when none is left.
 */
export function reachableServers(servers: readonly string[], ipv6 = false): string[] {
  const reachable = servers.filter((server) => {
    const family = isIP(server.replace(/%.*/, ''))
    if (family === 4) return !server.startsWith('127.')
    return family === 6 && ipv6 && server !== '::1' && !server.includes('%')
  })
  if (reachable.length > 0) return reachable
  return ipv6 ? [...fallbackIPv4, ...fallbackIPv6] : fallbackIPv4
}

/** The file's text. */
export function resolvConf(dns: DnsOptions): string {
  const lines: string[] = []
  if (dns.search.length > 0 && !(dns.search.length === 1 && dns.search[0] === '.'))
    lines.push(`search ${dns.search.join(' ')}`)
  for (const server of dns.servers) lines.push(`nameserver ${server}`)
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(' ')}`)
  return lines.map((line) => `${line}\n`).join('')
}

/** The file of a container on user-defined networks: all questions go to 127.0.0.11, which knows `dns.servers`. */
export function internalResolvConf(dns: DnsOptions): string {
  const options = dns.options.some((option) => option.startsWith('ndots:'))
    ? dns.options
    : [...dns.options, 'ndots:0']
  return resolvConf({ ...dns, servers: [dnsAddress], options })
}
