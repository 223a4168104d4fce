/** Where a registry's hosts are, and whether they may be spoken to without verified TLS. */
import { lookup } from 'node:dns/promises'
import { type BlockList, isIP } from 'node:net'
import { GantryError } from '@gantry/errors'
import { blockList, inRanges, isLoopback } from './addresses.ts'
import type { RegistryConfig } from './contracts.ts'
import { proxyFor } from './proxies.ts'

/** The registry of names without a host. */
export const defaultRegistry = 'docker.io'
const defaultHost = 'registry-1.docker.io'

/** The host that serves a reference's domain. */
export function hostOfDomain(domain: string): string {
  return domain === defaultRegistry ? defaultHost : domain
}

/** A host that may be spoken to without verified TLS. */
export interface Insecure {
  /**
   * It is one because of an address, so no other may be connected to: whoever answers for its name must not be able to
   * turn TLS off and then name another address.
   */
  within?: BlockList
}

/** Whether a host is one of the insecure registries: by name, with or without its port, or by an address of it. */
export async function insecurityOf(
  host: string,
  { insecureRegistries, proxies }: Pick<RegistryConfig, 'insecureRegistries' | 'proxies'>,
): Promise<Insecure | undefined> {
  const name = hostnameOf(host)
  if (isLoopback(name) || insecureRegistries.includes(host) || insecureRegistries.includes(name)) return {}
  const within = blockList([
    '127.0.0.0/8',
    '::1/128',
    ...insecureRegistries.filter((entry) => entry.includes('/')),
  ])
  if (isIP(name)) return inRanges(within, name) ? {} : undefined
  // A proxy looks the name up by itself.
  if (!URL.canParse(`https://${host}`) || proxyFor(new URL(`https://${host}`), proxies)) return undefined
  const addresses = await lookup(name, { all: true }).catch(() => [])
  return addresses.some(({ address }) => inRanges(within, address)) ? { within } : undefined
}

/** `https://host`, and for insecure hosts `http://host` after it. Throws InvalidParameter. */
export function basesOf(host: string, insecure: Insecure | undefined): URL[] {
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
