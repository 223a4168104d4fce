import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Budget } from './budget.ts'
import type { ForwardedPort } from './protocol.ts'

/** Bytes that wait in one direction of one connection, beside one chunk of the kernel's. */
const highWaterMark = 16 << 10
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true, highWaterMark }

/** Carries the TCP connections of one port. */
export class TcpRelay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #target: ForwardedPort['target']

  private constructor(port: ForwardedPort, connections: Budget) {
    this.#target = port.target
    this.#server = createServer({ allowHalfOpen: true, ...keepAlive }, (client) => {
      if (connections.take()) this.#relay(client, connections)
      else client.resetAndDestroy()
    })
  }

  /** Rejects with the code of bind(2) or listen(2). */
  static async open(port: ForwardedPort, connections: Budget): Promise<TcpRelay> {
    const relay = new TcpRelay(port, connections)
    const { hostIp: host, hostPort } = port
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject)
      relay.#server.listen({ host, port: hostPort, ipv6Only: true }, resolve)
    })
    // Too many open files, say: the next connection may fare better.
    relay.#server.on('error', () => {})
    return relay
  }

  /** Where new connections go; those under way stay where they are. */
  retarget(target: ForwardedPort['target']): void {
    this.#target = target
  }

  /** Frees the port at once and cuts what is under way: the container is gone. */
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) cut(socket)
  }

  /** Both ways, each as fast as its reader. A broken connection is broken on the other side too, never ended politely. */
  #relay(client: Socket, connections: Budget): void {
    const { address: host, port } = this.#target
    const server = connect({ host, port, allowHalfOpen: true, ...keepAlive })
    client.pipe(server)
    server.pipe(client)
    let open = 2
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => cut(other))
      socket.on('close', () => {
        this.#sockets.delete(socket)
        if (--open === 0) connections.giveBack()
      })
    }
  }
}

/**
 * Breaks a connection, so that the other end does not take what it has for all. One that is still connecting has nobody
 * to tell, and libuv cannot break one that is being ended.
 */
function cut(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
