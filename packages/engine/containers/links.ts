import type { HostConfig } from '@gantry/api'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import type { EndpointRecord, LinkedContainer, Networks } from '@gantry/network'
import type { Container } from './container.ts'
import { linkEnvironment } from './link-environment.ts'
import type { Registry } from './registry.ts'
import { sharedContainer } from './validate-modes.ts'

/** `--link target:alias` on the default network: a name that one container has for another. */
export interface LinkRecord {
  alias: string
  /** Id of the other container. */
  target: string
  /** Its name; kept for when it is gone. */
  name: string
}

/** A link while both containers run. */
export interface LiveLink {
  alias: string
  target: Container
  address: string
}

const invalid = (message: string, cause?: unknown) => new GantryError('InvalidParameter', message, { cause })

/** `target[:alias]`, or `/target:/container/alias` as inspect shows it. Throws InvalidParameter. */
function parseLink(text: string): { container: string; alias: string } {
  const [container = '', alias = container, ...more] = text.split(':')
  if (text === '') throw invalid('empty string specified for links')
  if (more.length > 0) throw invalid(`bad format for links: ${text}`)
  return { container: container.replace(/^\//, ''), alias: alias.replace(/^.*\//, '') }
}

/**
 * The links of a new container. On networks of users there are none: names are known there. Throws InvalidParameter for
 * a container that is not there (not NotFound: clients take that for a missing image, and pull).
 */
export function newLinks(host: HostConfig, registry: Registry): LinkRecord[] {
  const { Links: links = [], NetworkMode: mode } = host
  if (!links?.length || !['', 'default', 'bridge', 'none'].includes(mode ?? '')) return []
  const records = new Map<string, LinkRecord>()
  for (const text of links) {
    const { container, alias } = parseLink(text)
    const target = findTarget(container, registry)
    if (!records.has(alias)) records.set(alias, { alias, target: target.id, name: target.record.name })
  }
  return [...records.values()]
}

/** A container on another's network is reached where that one is. */
function findTarget(reference: string, registry: Registry): Container {
  try {
    let target = registry.find(reference)
    for (let donor = donorOf(target); donor; donor = donorOf(target)) target = registry.find(donor)
    if (target.record.hostConfig.NetworkMode !== 'host') return target
  } catch (cause) {
    if (!isKind(cause)) throw cause
    throw invalid(`could not get container for ${reference}: ${messageOf(cause)}`, cause)
  }
  throw invalid(
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  )
}

const donorOf = ({ record }: Container) => sharedContainer(record.hostConfig.NetworkMode)

/** As `HostConfig.Links` shows them: `/target:/container/alias`. */
export function linkTexts(container: Container, registry: Registry): string[] | null {
  const { links = [], name } = container.record
  if (links.length === 0) return null
  return links.map(
    (link) => `/${registry.byId(link.target)?.record.name ?? link.name}:/${name}/${link.alias}`,
  )
}

/** The names by which others know each container, by its id: `/container/alias`. */
export function linkNames(registry: Registry): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const { record } of registry.all())
    for (const { alias, target } of record.links ?? [])
      names.set(target, [...(names.get(target) ?? []), `/${record.name}/${alias}`])
  return names
}

/** Notes a container's new name where others have links to it. */
export function renameTarget(target: Container, registry: Registry): void {
  for (const parent of registry.all()) {
    const { links } = parent.record
    const { name } = target.record
    if (!links?.some((link) => link.target === target.id && link.name !== name)) continue
    registry.update(parent, {
      links: links.map((link) => (link.target === target.id ? { ...link, name } : link)),
    })
  }
}

/** The links of a container that is about to run. Throws System for a target that does not run or cannot be reached. */
export function liveLinks(container: Container, registry: Registry, networks: Networks): LiveLink[] {
  return (container.record.links ?? []).map(({ alias, target: id, name }) => {
    const target = registry.byId(id)
    if (!target?.task) {
      const shown = target?.record.name ?? name
      const message = `Cannot link to a non running container: /${shown} AS /${container.record.name}/${alias}`
      throw new GantryError('System', message)
    }
    const address = defaultEndpoint(target, networks)?.ipv4?.address
    if (address) return { alias, target, address }
    const message = `Cannot link to /${target.record.name}, as it does not belong to the default network`
    throw new GantryError('System', message)
  })
}

/** What links open to a container where containers may not talk to each other: what their targets expose. */
export function openPorts({ record }: Container, registry: Registry): LinkedContainer[] {
  return (record.links ?? []).flatMap(({ target: id }) => {
    const ports = Object.keys(registry.byId(id)?.record.config.ExposedPorts ?? {})
    return ports.length > 0 ? [{ containerId: id, ports }] : []
  })
}

/** As many as there are, of a container that runs. */
export function presentLinks(container: Container, registry: Registry, networks: Networks): LiveLink[] {
  return (container.record.links ?? []).flatMap(({ alias, target: id }) => {
    const target = registry.byId(id)
    const address = target && defaultEndpoint(target, networks)?.ipv4?.address
    return target && address ? [{ alias, target, address }] : []
  })
}

function defaultEndpoint(target: Container, networks: Networks): EndpointRecord | undefined {
  return networks.sandbox(target.id)?.endpoints.bridge
}

/** The names in hosts(5) of a link's target: alias, hostname, and its name where that is another. */
export function hostsNames({ alias, target }: Pick<LiveLink, 'alias' | 'target'>): string[] {
  const { config, name } = target.record
  return [...new Set([alias, config.Hostname || target.id.slice(0, 12), name])]
}

/** Variables that tell a container of its links. */
export function linkVariables(container: Container, links: readonly LiveLink[]): string[] {
  return links.flatMap(({ alias, target, address }) =>
    linkEnvironment({
      name: `/${container.record.name}/${alias}`,
      alias,
      address,
      ports: Object.keys(target.record.config.ExposedPorts ?? {}),
      environment: target.record.config.Env ?? [],
    }),
  )
}
