import { ipBytes, ipText } from '@gantry/syscall'
import type { EndpointRecord } from '../contracts.ts'

/** What a lookup needs to know of an endpoint. */
export interface NamedEndpoint {
  record: EndpointRecord
  networkName: string
}

/**
 * Names and addresses of the endpoints of user-defined networks. A name means something only to containers of the same
 * network, so a lookup says on whose behalf it is.
 */
export class NameDirectory {
  /** By network id, then by name in lower case. */
  readonly #names = new Map<string, Map<string, Set<NamedEndpoint>>>()
  readonly #addresses = new Map<string, Map<string, NamedEndpoint>>()

  add(endpoint: NamedEndpoint): void {
    const { record } = endpoint
    const names = entry(this.#names, record.networkId, () => new Map<string, Set<NamedEndpoint>>())
    for (const name of record.names)
      entry(names, name.toLowerCase(), () => new Set<NamedEndpoint>()).add(endpoint)
    const addresses = entry(this.#addresses, record.networkId, () => new Map<string, NamedEndpoint>())
    for (const assigned of [record.ipv4, record.ipv6])
      if (assigned) addresses.set(canonical(assigned.address), endpoint)
  }

  /** Takes out the endpoint with this record's id, whatever names it has now. */
  remove(record: EndpointRecord): void {
    const names = this.#names.get(record.networkId)
    for (const [name, endpoints] of names ?? []) {
      for (const endpoint of endpoints) if (endpoint.record.id === record.id) endpoints.delete(endpoint)
      if (endpoints.size === 0) names?.delete(name)
    }
    const addresses = this.#addresses.get(record.networkId)
    for (const [address, endpoint] of addresses ?? [])
      if (endpoint.record.id === record.id) addresses?.delete(address)
    if (names?.size === 0) this.#names.delete(record.networkId)
    if (addresses?.size === 0) this.#addresses.delete(record.networkId)
  }

  /**
   * The endpoints that `name` means to the container with these endpoints of its own: by a link of its own, a name, or
   * `name.network`. Empty when it means nothing.
   */
  find(own: readonly NamedEndpoint[], name: string): EndpointRecord[] {
    for (const { record, networkName } of own) {
      const names = this.#names.get(record.networkId)
      if (!names) continue
      const suffix = `.${networkName.toLowerCase()}`
      const bare = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
      const target = linkTarget(record, name) ?? linkTarget(record, bare)
      const found = (target && names.get(target.toLowerCase())) ?? names.get(name) ?? names.get(bare)
      if (found) return [...found].map((endpoint) => endpoint.record)
    }
    return []
  }

  /** The full name (`name.network`) of an address that the container shares a network with. */
  reverse(own: readonly NamedEndpoint[], address: string): string | undefined {
    for (const { record } of own) {
      const found = this.#addresses.get(record.networkId)?.get(canonical(address))
      const name = found?.record.names[0]
      if (found && name) return `${name}.${found.networkName}`
    }
    return undefined
  }
}

/** `--link target:alias` on a user-defined network: a name for one container only. */
function linkTarget(record: EndpointRecord, name: string): string | undefined {
  for (const link of record.settings.Links ?? []) {
    const [target = '', alias = target] = link.split(':')
    if (alias.toLowerCase() === name) return target.replace(/^\//, '')
  }
  return undefined
}

function canonical(address: string): string {
  try {
    return ipText(ipBytes(address))
  } catch {
    return address
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
