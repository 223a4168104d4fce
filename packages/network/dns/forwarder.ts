import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIP, Socket, type SocketConstructorOpts } from 'node:net'
import { type NetworkNamespaces, openSocket } from '@gantry/syscall'
import { parseQuery } from './message.ts'
import type { Transport, Upstream } from './resolver.ts'

/** Milliseconds that one server has to answer; then the next is asked. */
const patience = 3000
/** Questions of one container under way at the same time; what comes on top fails at once. */
const maximumInFlight = 128
const maximumServers = 3
const maximumAnswer = 65535

export interface ForwarderOptions {
  namespaces: NetworkNamespaces
  /** The container's network namespace: questions leave from there, as everything else of the container does. */
  netns: string
  servers: readonly string[]
  /** The servers are the host's own, so that a loopback address means the host's. Otherwise it means the container's. */
  hostServers: boolean
}

/** Passes questions on to resolvers outside. UDP first as the client did; the client itself comes back by TCP if it must. */
export class Forwarder implements Upstream {
  readonly #options: ForwarderOptions
  readonly #servers: string[]
  #inFlight = 0

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#servers = options.servers
      .filter((server) => isIP(server) !== 0 && server !== '127.0.0.11')
      .slice(0, maximumServers)
  }

  /** Asks one server after the other. Rejects when none answers or too much is under way. */
  async forward(message: Buffer, transport: Transport): Promise<Buffer> {
    if (this.#inFlight >= maximumInFlight) throw new Error('too many questions at once')
    this.#inFlight++
    try {
      return await this.#askAll(message, transport)
    } finally {
      this.#inFlight--
    }
  }

  async #askAll(message: Buffer, transport: Transport): Promise<Buffer> {
    let failure: unknown = new Error('no resolver')
    for (const server of this.#servers) {
      // An id of our own, and the client's put back: others cannot guess which answer we wait for.
      const question = Buffer.from(message)
      question.writeUInt16BE(randomInt(0x10000), 0)
      try {
        const answer = await (transport === 'udp' ? this.#askUdp : this.#askTcp).call(this, question, server)
        answer.writeUInt16BE(message.readUInt16BE(0), 0)
        return answer
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async #askUdp(question: Buffer, server: string): Promise<Buffer> {
    const family = isIP(server) === 6 ? 'udp6' : 'udp4'
    const any = { address: family === 'udp6' ? '::' : '0.0.0.0', port: 0 }
    const fd = this.#outside(server, () => openSocket('udp', any))
    const socket = createSocket({ type: family, signal: AbortSignal.timeout(patience) })
    try {
      return await new Promise((resolve, reject) => {
        socket.on('error', reject)
        socket.on('close', () => reject(new Error(`${server} does not answer`)))
        socket.on('message', (answer) => {
          if (answers(answer, question)) resolve(answer)
        })
        // Connected, so that the kernel takes answers from this server only, and tells when nothing listens there. Not by
        // a callback, which would be called when there is no way to the server, too.
        socket.once('connect', () => socket.send(question))
        socket.bind({ fd }, () => socket.connect(53, server))
      })
    } finally {
      closeQuietly(socket)
    }
  }

  async #askTcp(question: Buffer, server: string): Promise<Buffer> {
    const any = { address: isIP(server) === 6 ? '::' : '0.0.0.0', port: 0 }
    const socket = socketOf(this.#outside(server, () => openSocket('tcp', any)))
    socket.setTimeout(patience, () => socket.destroy(new Error(`${server} does not answer`)))
    try {
      return await new Promise((resolve, reject) => {
        let received = Buffer.alloc(0)
        socket.on('error', reject)
        socket.on('close', () => reject(new Error(`${server} hung up`)))
        socket.on('data', (chunk: Buffer) => {
          received = Buffer.concat([received, chunk])
          if (received.length > maximumAnswer + 2) socket.destroy(new Error('answer too long'))
          const answer = received.subarray(2)
          if (received.length < 2 || answer.length < received.readUInt16BE(0)) return
          if (answers(answer, question)) resolve(Buffer.from(answer))
          else reject(new Error('answer to another question'))
        })
        socket.connect({ host: server, port: 53 }, () => socket.write(withLength(question)))
      })
    } finally {
      socket.destroy()
    }
  }

  /** Opens a socket in the namespace from which this server is to be asked. */
  #outside<T>(server: string, open: () => T): T {
    if (this.#options.hostServers && isLoopback(server)) return open()
    return this.#options.namespaces.enter(this.#options.netns, open)
  }
}

/** Node makes a socket only when it connects, on a later turn; one made in another namespace it takes as it is. */
export function socketOf(fd: number): Socket {
  // Documented nowhere, but the only way to keep Node from reading before there is a connection.
  const options: SocketConstructorOpts & { manualStart: boolean } = { fd, manualStart: true }
  return new Socket(options)
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/** Whether this is a response to that question: same id, response flag, same question section. */
function answers(answer: Buffer, question: Buffer): boolean {
  const end = parseQuery(question)?.end ?? question.length
  if (answer.length < end || answer.readUInt16BE(0) !== question.readUInt16BE(0)) return false
  return (answer.readUInt8(2) & 0x80) !== 0 && answer.subarray(12, end).equals(question.subarray(12, end))
}

/** As TCP carries DNS: two bytes of length, then the message (RFC 1035, 4.2.2). */
export function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

function closeQuietly(socket: { close(): unknown }): void {
  try {
    socket.close()
  } catch {
    // Closed already, by its time limit.
  }
}
