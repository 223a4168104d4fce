import { bridgeOptions } from '../bridge/options.ts'
import type { LinkedContainer } from '../contracts.ts'
import type { ElementTable } from '../firewall/firewall.ts'
import { adding, deleting, type Element } from '../firewall/ruleset.ts'
import type { LiveSandbox } from './sandboxes.ts'

/**
 * Ports that links open on networks whose containers may otherwise not talk to each other. They follow the containers'
 * addresses: whose sandbox is gone, or has come back, is looked up anew each time.
 */
export class LinkedPorts {
  readonly #firewall: ElementTable
  #open = new Map<string, Element>()

  constructor(firewall: ElementTable) {
    this.#firewall = firewall
  }

  /** What is to be in the table now, for whoever makes it anew. */
  elements(sandboxes: readonly LiveSandbox[]): Element[] {
    this.#open = wanted(sandboxes)
    return [...this.#open.values()]
  }

  /** Opens and closes what has changed. Throws NftablesError. */
  update(sandboxes: readonly LiveSandbox[]): void {
    const next = wanted(sandboxes)
    const closed = [...this.#open].filter(([key]) => !next.has(key)).map(([, element]) => element)
    const opened = [...next].filter(([key]) => !this.#open.has(key)).map(([, element]) => element)
    this.#firewall.apply([...deleting(closed), ...adding(opened)])
    this.#open = next
  }
}

function wanted(sandboxes: readonly LiveSandbox[]): Map<string, Element> {
  const byId = new Map(sandboxes.map((live) => [live.record.containerId, live]))
  const elements = sandboxes.flatMap((live) =>
    (live.record.links ?? []).flatMap((link) => opened(live, byId.get(link.containerId), link.ports)),
  )
  return new Map(elements.map((element) => [element.key, element]))
}

function opened(from: LiveSandbox, to: LiveSandbox | undefined, ports: LinkedContainer['ports']): Element[] {
  return from.attachments.flatMap(({ endpoint, network }) => {
    if (network.driver !== 'bridge' || bridgeOptions(network.options).interContainer) return []
    const other = to?.attachments.find((attachment) => attachment.network.id === network.id)
    const [source, target] = [endpoint.ipv4?.address, other?.endpoint.ipv4?.address]
    if (!source || !target) return []
    return ports.map((port) => {
      const [number = '', protocol = 'tcp'] = port.split('/')
      return {
        set: 'linked4',
        key: `"${network.bridgeName}" . ${source} . ${target} . ${protocol} . ${number}`,
      }
    })
  })
}
