import { existsSync } from 'node:fs'
import type { SandboxRequest } from '../contracts.ts'
import type { ContainerNames } from '../dns/container-names.ts'
import type { Kernel } from '../kernel.ts'
import { hasNames } from './endpoint.ts'
import { type Attachment, chooseGateways } from './gateway.ts'
import { attachInterface, setDefaultRoutes } from './interface.ts'
import { ContainerNamespace } from './namespace.ts'
import type { Publisher } from './publisher.ts'
import type { LiveSandbox } from './sandboxes.ts'

type NamespaceWishes = Pick<SandboxRequest, 'sysctls' | 'makeNamespace'>

/**
 * What sandboxes consist of outside of their records: namespace, interfaces, routes, ports, names. Every method may fail
 * half-way; `remove` finds whatever there is by the sandbox's record, which is therefore to be kept first.
 */
export class Wiring {
  readonly #kernel: Kernel
  readonly #publisher: Publisher
  readonly #names: ContainerNames

  constructor(kernel: Kernel, publisher: Publisher, names: ContainerNames) {
    this.#kernel = kernel
    this.#publisher = publisher
    this.#names = names
  }

  /** Makes the namespace at `path` and wires all attachments. */
  build(live: LiveSandbox, path: string, { sysctls = {}, makeNamespace }: NamespaceWishes): void {
    if (makeNamespace) makeNamespace(path)
    else this.#kernel.namespaces.create(path)
    using namespace = this.#open(path)
    namespace.prepare(sysctls)
    for (const attachment of live.attachments) this.#attach(namespace, attachment)
    this.#enterNames(live, live.attachments, namespace)
    this.#lead(live, namespace, [])
  }

  /** Wires one more attachment, the last one, into the running sandbox at `path`. */
  add(live: LiveSandbox, path: string, attachment: Attachment): void {
    using namespace = this.#open(path)
    this.#attach(namespace, attachment)
    this.#enterNames(live, [attachment], namespace)
    this.#lead(live, namespace, live.attachments.slice(0, -1))
  }

  /** Takes everything but its interface from an attachment that is no longer one of the sandbox's; `before` are those it was one of. */
  drop(live: LiveSandbox, { endpoint }: Attachment, before: readonly Attachment[]): void {
    if (live.record.path !== null) {
      using namespace = this.#open(live.record.path)
      this.#lead(live, namespace, before)
    }
    this.#names.leave(endpoint)
  }

  /** Answers names in a sandbox that outlived the last daemon. */
  resume(live: LiveSandbox): void {
    if (live.record.path === null) return
    using namespace = this.#open(live.record.path)
    this.#enterNames(live, live.attachments, namespace)
  }

  /** Undoes it all. Each step is tried whatever became of the others; returns what failed. */
  remove(live: LiveSandbox): unknown[] {
    const { containerId, path } = live.record
    const failures: unknown[] = []
    const attempt = (step: () => void) => {
      try {
        step()
      } catch (error) {
        failures.push(error)
      }
    }
    attempt(() => this.#unpublish(live, live.attachments))
    attempt(() => this.#names.stop(containerId))
    for (const { endpoint } of live.attachments) this.#names.leave(endpoint)
    if (path && existsSync(path)) {
      attempt(() => this.#silence(path))
      attempt(() => this.#kernel.namespaces.remove(path))
    }
    return failures
  }

  #open(path: string): ContainerNamespace {
    return new ContainerNamespace(this.#kernel.namespaces, path)
  }

  #attach(namespace: ContainerNamespace, { endpoint, network }: Attachment): void {
    if (endpoint.interfaceName) attachInterface(this.#kernel.rtnetlink, namespace, network, endpoint)
  }

  #enterNames(live: LiveSandbox, attachments: readonly Attachment[], namespace: ContainerNamespace): void {
    const named = attachments.filter(({ network }) => hasNames(network))
    if (named.length === 0) return
    for (const { endpoint, network } of named)
      this.#names.enter({ record: endpoint, networkName: network.name })
    live.record.dnsPorts = this.#names.serve(live, namespace)
  }

  /** Makes default routes and ports lead where they should, now that the endpoints are no longer those of `before`. */
  #lead(live: LiveSandbox, namespace: ContainerNamespace, before: readonly Attachment[]): void {
    const gateways = chooseGateways(live.attachments)
    setDefaultRoutes(namespace, chooseGateways(before), gateways)
    const { record, attachments } = live
    const to = attachments.find(({ endpoint }) => endpoint === gateways.ports)
    if (record.portEndpoint === to?.endpoint.id) return
    if (to && this.#movePorts(live, before, to)) return
    this.#unpublish(live, before)
    if (!to || !record.publish) return
    record.ports = this.#publisher.publish(record.publish, to)
    record.portEndpoint = to.endpoint.id
  }

  /** Keeps the ports as they are, random ones too, if the other endpoint can serve all of them. */
  #movePorts({ record }: LiveSandbox, before: readonly Attachment[], to: Attachment): boolean {
    const from = before.find(({ endpoint }) => endpoint.id === record.portEndpoint)
    if (!from || !this.#publisher.move(record.ports, from.endpoint, to.endpoint)) return false
    record.portEndpoint = to.endpoint.id
    return true
  }

  #unpublish({ record }: LiveSandbox, attachments: readonly Attachment[]): void {
    const from = attachments.find(({ endpoint }) => endpoint.id === record.portEndpoint)
    if (from) this.#publisher.unpublish(record.ports, from.endpoint)
    record.ports = []
    record.portEndpoint = undefined
  }

  /** Whatever is still inside, such as a container that joined, is off the networks at once. */
  #silence(path: string): void {
    using namespace = this.#open(path)
    namespace.silence()
  }
}
