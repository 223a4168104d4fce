import { Budget } from './budget.ts'
import { type ForwardedPort, type ForwarderAnswer, portKey } from './protocol.ts'
import { TcpRelay } from './tcp-relay.ts'
import { UdpRelay } from './udp-relay.ts'

/** TCP connections at the same time, over all ports; what comes on top is refused. */
const maximumConnections = 2048

/** All ports that the forwarder serves. */
export class Relays {
  readonly #open = new Map<string, TcpRelay | UdpRelay>()
  readonly #connections = new Budget(maximumConnections)
  #turn: Promise<unknown> = Promise.resolve()

  get size(): number {
    return this.#open.size
  }

  /** Opens and closes what it takes to serve exactly these. Never rejects: what cannot be opened is told. */
  set(ports: readonly ForwardedPort[]): Promise<ForwarderAnswer> {
    const work = this.#turn.then(() => this.#reconcile(ports))
    this.#turn = work
    return work
  }

  async #reconcile(ports: readonly ForwardedPort[]): Promise<ForwarderAnswer> {
    const wanted = new Map(ports.map((port) => [portKey(port), port]))
    for (const [key, relay] of this.#open) {
      const port = wanted.get(key)
      if (port) relay.retarget(port.target)
      else {
        relay.close()
        this.#open.delete(key)
      }
    }
    const failures: ForwarderAnswer['failures'] = []
    for (const [key, port] of wanted) {
      if (this.#open.has(key)) continue
      try {
        this.#open.set(key, await this.#relay(port))
      } catch (error) {
        failures.push({ port: key, code: (error as NodeJS.ErrnoException).code ?? String(error) })
      }
    }
    return { failures }
  }

  #relay(port: ForwardedPort): Promise<TcpRelay | UdpRelay> {
    return port.protocol === 'tcp' ? TcpRelay.open(port, this.#connections) : UdpRelay.open(port)
  }
}
