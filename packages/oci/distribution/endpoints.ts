/** Where a registry's hosts are, and whether they may be spoken to without verified TLS. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { GantryError } from '@gantry/errors'
import { blockList, inRanges, isLoopback } from './addresses.ts'

/** The registry of names without a host. */
export const defaultRegistry = 'docker.io'
const defaultHost = 'registry-1.docker.io'

/** The host that serves a reference's domain. */
export function hostOfDomain(domain: string): string {
  return domain === defaultRegistry ? defaultHost : domain
}

/** Whether a host is one of the insecure registries: by name, with or without its port, or by an address of it. */
export async function isInsecure(host: string, insecureRegistries: readonly string[]): Promise<boolean> {
  const name = hostnameOf(host)
  if (isLoopback(name) || insecureRegistries.includes(host) || insecureRegistries.includes(name)) return true
  const ranges = insecureRegistries.filter((entry) => entry.includes('/'))
  if (ranges.length === 0) return false
  const list = blockList(ranges)
  if (isIP(name)) return inRanges(list, name)
  const addresses = await lookup(name, { all: true }).catch(() => [])
  return addresses.some(({ address }) => inRanges(list, address))
}

/** `https://host`, and for insecure hosts `http://host` after it. Throws InvalidParameter. */
export function basesOf(host: string, insecure: boolean): URL[] {
  const schemes = insecure ? ['https', 'http'] : ['https']
  return schemes.map((scheme) => {
    const text = `${scheme}://${host}`
    if (!URL.canParse(text) || new URL(text).pathname !== '/' || new URL(text).username !== '')
      throw new GantryError('InvalidParameter', `invalid registry host: ${JSON.stringify(host)}`)
    return new URL(text)
  })
}

/** The name or address of `host:port`, without the brackets of an IPv6 address. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}
