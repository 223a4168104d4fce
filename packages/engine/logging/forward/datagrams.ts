/** Sending single messages: over UDP, and over unix sockets. */
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnixDatagramSender } from '@gantry/syscall'

export interface Datagrams {
  /** Resolves when the message is out of our hands. */
  send(message: Buffer, signal: AbortSignal): Promise<void>
  close(): void
}

/** How long an address is taken for true, in milliseconds. */
const addressLife = 60_000

/** Over UDP. Whether anybody gets it nobody learns. */
export class UdpDatagrams implements Datagrams {
  readonly #host: string
  readonly #port: number
  #socket: Socket | null = null
  #address = ''
  #lookedUp = 0

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  async send(message: Buffer): Promise<void> {
    const socket = await this.#open()
    await new Promise<void>((resolve, reject) => {
      socket.send(message, this.#port, this.#address, (error) => (error ? reject(error) : resolve()))
    })
  }

  async #open(): Promise<Socket> {
    if (this.#socket && Date.now() - this.#lookedUp < addressLife) return this.#socket
    const { address, family } = await lookup(this.#host)
    this.close()
    this.#address = address
    this.#lookedUp = Date.now()
    this.#socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    this.#socket.on('error', () => this.close())
    return this.#socket
  }

  close(): void {
    this.#socket?.close()
    this.#socket = null
  }
}

/** Over a unix socket, at the pace of its reader. */
export class UnixDatagrams implements Datagrams {
  readonly #path: string
  #sender: UnixDatagramSender | null = null

  constructor(path: string) {
    this.#path = path
  }

  send(message: Buffer, signal: AbortSignal): Promise<void> {
    return this.sendWith((sender) => sender.send(message), signal)
  }

  /** `send` is called again while it returns false, as the reader's queue is full. */
  async sendWith(send: (sender: UnixDatagramSender) => boolean, signal: AbortSignal): Promise<void> {
    try {
      this.#sender ??= new UnixDatagramSender(this.#path)
      for (let pause = 1; !send(this.#sender); pause = Math.min(pause * 2, 50))
        await sleep(pause, undefined, { signal })
    } catch (error) {
      // The reader may have come back with a socket of the same name.
      if ((error as NodeJS.ErrnoException).code !== 'EMSGSIZE') this.close()
      throw error
    }
  }

  close(): void {
    this.#sender?.[Symbol.dispose]()
    this.#sender = null
  }
}
