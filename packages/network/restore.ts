import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '@gantry/errors'
import { interfaceIndex } from '@gantry/syscall'
import type { EndpointRecord } from './contracts.ts'
import { type DefaultBridge, defaultNetwork, plainNetwork } from './default-networks.ts'
import { networkElements, portElements } from './firewall/elements.ts'
import type { PortForwarder } from './forwarder/port-forwarder.ts'
import type { AddressPool } from './ipam/pools.ts'
import type { Kernel } from './kernel.ts'
import type { PortReservations } from './ports/reservations.ts'
import type { NetworkRegistry } from './registry.ts'
import type { LinkedPorts } from './sandbox/linked-ports.ts'
import type { NetworkTables, SandboxRecord } from './sandbox/records.ts'
import type { LiveSandbox, Sandboxes } from './sandbox/sandboxes.ts'
import type { StaleLinks } from './sandbox/stale-links.ts'

export interface RestoreContext {
  kernel: Kernel
  registry: NetworkRegistry
  sandboxes: Sandboxes
  reservations: PortReservations
  forwarder: PortForwarder
  staleLinks: StaleLinks
  linkedPorts: LinkedPorts
  tables: NetworkTables
  defaultBridge: DefaultBridge
  pools: readonly AddressPool[]
  /** Where the namespaces' files are. */
  directory: string
  log(message: string): void
}

/**
 * Brings everything into the state that the records describe: what outlived the last daemon goes on without an
 * interruption, what it left half made is removed.
 */
export async function restore(context: RestoreContext, runningContainers: readonly string[]): Promise<void> {
  const { kernel, registry, sandboxes, tables } = context
  // Replaced again below, with the ports; from here on networks can be made.
  registry.load()
  const running = new Set(runningContainers)
  const gone: LiveSandbox[] = []
  for (const record of tables.sandboxes.values()) {
    const live = liveSandbox(context, record)
    sandboxes.adopt(live)
    if (!running.has(record.containerId) || !isWhole(context, live)) gone.push(live)
  }
  const kept = sandboxes.values().filter((live) => !gone.includes(live))
  kernel.firewall.rebuild([
    ...registry.bridges().flatMap(networkElements),
    ...sandboxes.values().flatMap(portElementsOf),
    ...context.linkedPorts.elements(sandboxes.values()),
  ])
  await makeDefaultNetworks(context)
  kernel.foreignChain.allow(registry.bridges().flatMap(({ bridgeName }) => bridgeName ?? []))
  for (const live of kept) forwardAgain(context, live)
  await context.forwarder.serve().catch((error) => context.log(messageOf(error)))
  for (const live of gone) await sandboxes.remove(live.record.containerId)
  for (const live of kept) await resume(context, live)
  await removeLeftovers(context)
}

function liveSandbox({ registry, tables }: RestoreContext, record: SandboxRecord): LiveSandbox {
  const networks = new Map(registry.list().map((network) => [network.id, network]))
  const attachments = record.endpoints.flatMap((id) => {
    const endpoint = tables.endpoints.get(id)
    const network = endpoint && networks.get(endpoint.networkId)
    return endpoint && network ? [{ endpoint, network }] : []
  })
  return { record, attachments }
}

/** Whether it was made to its end and its namespace is still there (a reboot takes the mount away, the record stays). */
function isWhole({ kernel }: RestoreContext, { record }: LiveSandbox): boolean {
  if (!record.ready) return false
  if (record.path === null) return true
  try {
    kernel.namespaces.enter(record.path, () => {})
    return true
  } catch {
    return false
  }
}

function portElementsOf(live: LiveSandbox) {
  const endpoint = portEndpoint(live)
  return endpoint ? portElements(live.record.ports, endpoint) : []
}

function portEndpoint({ record, attachments }: LiveSandbox): EndpointRecord | undefined {
  return attachments.find(({ endpoint }) => endpoint.id === record.portEndpoint)?.endpoint
}

/** The forwarder may have been switched off meanwhile: what only it could serve is then not published any more. */
function forwardAgain({ forwarder }: RestoreContext, live: LiveSandbox): void {
  const { record } = live
  const endpoint = portEndpoint(live)
  if (!forwarder.enabled && !endpoint?.ipv6)
    record.ports = record.ports.filter(({ hostIp }) => !hostIp.includes(':'))
  forwarder.adopt(record.containerId, forwarder.share(record.ports, endpoint))
}

async function makeDefaultNetworks(context: RestoreContext): Promise<void> {
  const { registry, kernel, pools, defaultBridge, sandboxes, log } = context
  for (const name of ['host', 'none'] as const)
    if (!registry.list().some((network) => network.name === name)) registry.establish(plainNetwork(name))
  const previous = registry.list().find((network) => network.name === 'bridge')
  if (previous && sandboxes.endpointsOf(previous.id).length > 0) {
    if (previous.bridgeName !== defaultBridge.name)
      log(`the default network stays on ${previous.bridgeName} while containers use it`)
    return
  }
  if (defaultBridge.name === 'none') {
    if (previous) await registry.remove(previous)
    return
  }
  const taken = [...registry.subnets(), ...registry.hostRoutes()]
  const wanted = defaultNetwork(defaultBridge, previous, { rtnetlink: kernel.rtnetlink, pools, taken })
  if (!previous) registry.establish(wanted)
  else if (!isDeepStrictEqual(previous, wanted)) await registry.replace(previous, wanted)
}

async function resume(context: RestoreContext, live: LiveSandbox): Promise<void> {
  const { sandboxes, reservations, log } = context
  const { containerId } = live.record
  for (const error of reservations.retake(live.record.ports))
    log(`a published port of ${containerId} is in use by another process as well: ${error.message}`)
  for (const { endpoint, network } of [...live.attachments])
    if (endpoint.hostInterface && interfaceIndex(endpoint.hostInterface) === undefined) {
      log(`${containerId} is no longer connected to ${network.name}`)
      await sandboxes.disconnect(live, network).catch((error) => log(messageOf(error)))
    }
  try {
    sandboxes.resume(live)
  } catch (error) {
    log(`names for ${containerId}: ${messageOf(error)}`)
  }
}

/** Namespaces, records and links that belong to no sandbox. */
async function removeLeftovers(context: RestoreContext): Promise<void> {
  const { kernel, registry, sandboxes, tables, directory, staleLinks } = context
  const live = sandboxes.values()
  const endpoints = live.flatMap(({ attachments }) => attachments.map(({ endpoint }) => endpoint))
  const ids = new Set(endpoints.map(({ id }) => id))
  for (const endpoint of tables.endpoints.values())
    if (!ids.has(endpoint.id)) tables.endpoints.delete(endpoint.id)
  for (const name of existsSync(directory) ? readdirSync(directory) : [])
    if (!live.some(({ record }) => record.containerId === name)) removeNamespace(context, name)
  const bridges = new Set(registry.bridges().map(({ bridgeName }) => interfaceIndex(bridgeName ?? '')))
  const known = new Set(endpoints.map(({ hostInterface }) => hostInterface))
  const stale = kernel.rtnetlink
    .links()
    .filter((link) => link.kind === 'veth' && bridges.has(link.master) && !known.has(link.name))
  await Promise.all(stale.map((link) => staleLinks.remove(link.name)))
}

/** What lies there and cannot be removed keeps no daemon from starting. */
function removeNamespace({ kernel, directory, log }: RestoreContext, name: string): void {
  try {
    kernel.namespaces.remove(join(directory, name))
  } catch (error) {
    log(`cannot remove the namespace ${name}: ${messageOf(error)}`)
  }
}
