import { closeSync, readFileSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { openReusingSocket, openSocket, SystemCallError, shrinkReceiveBuffer } from '@gantry/syscall'
import { portKey } from '../forwarder/protocol.ts'
import type { PublishedPort } from './published.ts'
import type { PortWish } from './wishes.ts'

type HostPort = Omit<PublishedPort, 'containerPort'>

/**
 * Ports of the host that are ours. Each is held by a bound socket that nothing is ever read from, so that no other
 * process takes it meanwhile; the traffic itself goes by nftables before it could reach that socket.
 */
export class PortReservations {
  readonly #held = new Map<string, HostPort & { fd: number | null }>()
  /** Those that the forwarder holds, reserved or not any more. */
  readonly #lent = new Set<string>()
  #lastDynamic = 0

  /** Reserves a port for every wish, or throws (see `#hold`) and reserves none. */
  reserve(wishes: readonly PortWish[]): PublishedPort[] {
    const ports: PublishedPort[] = []
    try {
      for (const wish of wishes) ports.push(...this.#reserveOne(wish))
      return ports
    } catch (error) {
      for (const port of ports) this.release(port)
      throw error
    }
  }

  /**
   * Takes ports that were published before a restart. Returns the errors of those that another process took meanwhile:
   * their traffic reaches the container all the same.
   */
  retake(ports: readonly HostPort[]): Error[] {
    return ports.flatMap((port) => {
      try {
        this.#held.delete(keyOf(port))
        this.#hold(port)
        return []
      } catch (error) {
        this.#held.set(keyOf(port), { ...port, fd: null })
        return [error as Error]
      }
    })
  }

  release(port: HostPort): void {
    const held = this.#held.get(keyOf(port))
    if (held?.fd != null) closeSync(held.fd)
    this.#held.delete(keyOf(port))
  }

  /** Lets go of a port's socket, so that the forwarder can have its own; the port stays reserved. */
  lend(port: HostPort): void {
    this.#lent.add(keyOf(port))
    const held = this.#held.get(keyOf(port))
    if (held?.fd == null) return
    closeSync(held.fd)
    held.fd = null
  }

  /** The forwarder has let go of a port: it is held by a socket again if it is still reserved. */
  giveBack(port: HostPort): void {
    this.#lent.delete(keyOf(port))
    const held = this.#held.get(keyOf(port))
    if (held && held.fd === null) this.retake([held])
  }

  /** Closes all sockets. */
  close(): void {
    for (const port of [...this.#held.values()]) this.release(port)
  }

  #reserveOne(wish: PortWish): PublishedPort[] {
    let refusal: unknown = new GantryError('System', 'all ports are allocated')
    for (const hostPort of wish.hostPorts ? rangeOf(wish.hostPorts) : this.#dynamicPorts()) {
      const { protocol, containerPort } = wish
      const ports = wish.hostIps.map((hostIp) => ({ protocol, hostIp, hostPort, containerPort }))
      try {
        this.#holdAll(ports)
        if (!wish.hostPorts) this.#lastDynamic = hostPort
        return ports
      } catch (error) {
        if (wish.hostPorts || !isTaken(error)) refusal = error
        if (!isTaken(error)) break
      }
    }
    throw refusal
  }

  #holdAll(ports: readonly HostPort[]): void {
    const held: HostPort[] = []
    try {
      for (const port of ports) {
        this.#hold(port)
        held.push(port)
      }
    } catch (error) {
      for (const port of held) this.release(port)
      throw error
    }
  }

  /** Throws GantryError System: `port is already allocated` when we have it, `address already in use` when others have. */
  #hold(port: HostPort): void {
    const text = hostPortText(port)
    for (const other of this.#held.values())
      if (conflict(port, other))
        throw new PortTakenError(`Bind for ${text} failed: port is already allocated`)
    try {
      const fd = this.#lent.has(keyOf(port)) ? null : holdSocket(port)
      this.#held.set(keyOf(port), { ...port, fd })
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      const message = refusalText(port, error.code)
      if (error.code === 'EADDRINUSE') throw new PortTakenError(message, { cause: error })
      throw new GantryError('System', message, { cause: error })
    }
  }

  /** The range from which the kernel takes ephemeral ports, beginning behind the last one given. */
  *#dynamicPorts(): Generator<number> {
    const [first = 49153, last = 65535] = dynamicRange()
    const start = this.#lastDynamic >= first && this.#lastDynamic < last ? this.#lastDynamic + 1 : first
    yield* rangeOf({ first: start, last })
    yield* rangeOf({ first, last: start - 1 })
  }
}

class PortTakenError extends GantryError {
  constructor(message: string, options?: ErrorOptions) {
    super('System', message, options)
  }
}

/** Why a port of the host cannot be had, in Docker's words. `code` is bind(2)'s or listen(2)'s. */
export function refusalText(port: HostPort, code: string): string {
  const family = port.hostIp.includes(':') ? 6 : 4
  return `listen ${port.protocol}${family} ${hostPortText(port)}: bind: ${reasons[code] ?? code}`
}

const isTaken = (error: unknown): boolean => error instanceof PortTakenError

const reasons: Record<string, string> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EAFNOSUPPORT: 'address family not supported by protocol',
}

function holdSocket({ protocol, hostIp: address, hostPort: port }: HostPort): number | null {
  try {
    const fd = openSocket(protocol, { address, port })
    if (protocol === 'udp') shrinkReceiveBuffer(fd)
    return fd
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    // A kernel without SCTP sockets has nobody to share the port with.
    if (protocol === 'sctp' && error.syscall === 'socket') return null
    if (protocol === 'tcp' && error.code === 'EADDRINUSE') return openReusingSocket({ address, port })
    throw error
  }
}

function conflict(a: HostPort, b: HostPort): boolean {
  if (a.protocol !== b.protocol || a.hostPort !== b.hostPort) return false
  if (a.hostIp.includes(':') !== b.hostIp.includes(':')) return false
  return a.hostIp === b.hostIp || isWildcard(a.hostIp) || isWildcard(b.hostIp)
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::'
const keyOf = portKey

function hostPortText({ hostIp, hostPort }: HostPort): string {
  return hostIp.includes(':') ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`
}

function* rangeOf({ first, last }: { first: number; last: number }): Generator<number> {
  for (let port = first; port <= last; port++) yield port
}

function dynamicRange(): number[] {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
  } catch {
    return []
  }
}
