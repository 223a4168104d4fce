import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { systemAuthorities } from '@gantry/oci'
import { bytesUnsent } from '@gantry/syscall'

/** With TLS and no `ca`, the authorities that the machine trusts are trusted. */
export type StreamTarget = { path: string } | { host: string; port: number; tls?: ConnectionOptions }

/** Milliseconds that a connection may take to come up, and that the other side may take nothing. */
const connectTimeout = 10_000
const silenceTimeout = 60_000

interface Connected {
  stream: Socket
  /** Of the socket below a TLS session. */
  descriptor: number
}

/** A connection over TCP, TLS or a unix socket that is made when there is something to write, and again when it broke. */
export class StreamConnection {
  readonly #target: StreamTarget
  readonly #onData: (data: Buffer) => void
  #connected: Connected | null = null
  /** Why the connection is gone. */
  #lost: Error | null = null

  constructor(target: StreamTarget, onData: (data: Buffer) => void = () => {}) {
    this.#target = target
    this.#onData = onData
  }

  /**
   * Resolves when the other side's kernel has acknowledged every byte (unix: when the other side has read it). Rejects when
   * the connection breaks, and then it is not known what has arrived.
   */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const abort = () => this.close(new Error('interrupted'))
    signal.addEventListener('abort', abort)
    try {
      signal.throwIfAborted()
      const connected = await this.#connect(signal)
      connected.stream.write(bytes)
      await this.#taken(connected)
    } catch (error) {
      throw signal.aborted ? new Error('interrupted', { cause: error }) : error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Why there is no connection, when it broke. */
  get lost(): Error | null {
    return this.#lost
  }

  close(reason: Error = new Error('closed')): void {
    this.#lose(reason)
  }

  async #connect(signal: AbortSignal): Promise<Connected> {
    if (this.#connected) return this.#connected
    const raw = connect(this.#target)
    this.#lost = null
    try {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(connectTimeout)])
      await established(raw, 'connect', deadline)
      const descriptor = (raw as { _handle?: { fd?: number } })._handle?.fd ?? -1
      const stream = await this.#secure(raw, deadline)
      this.#connected = { stream, descriptor }
      this.#watch(stream)
      return this.#connected
    } catch (error) {
      raw.destroy()
      throw error
    }
  }

  async #secure(raw: Socket, deadline: AbortSignal): Promise<Socket> {
    if (!('tls' in this.#target) || !this.#target.tls) return raw
    const ca = this.#target.tls.ca ?? (await systemAuthorities())
    const stream = connectTls({ ...this.#target.tls, ca, socket: raw })
    await established(stream, 'secureConnect', deadline)
    return stream
  }

  #watch(stream: Socket): void {
    const lose = (error?: Error) => {
      if (this.#connected?.stream === stream)
        this.#lose(error ?? new Error('the other side has closed the connection'))
    }
    stream.on('data', this.#onData)
    stream.on('error', lose)
    stream.on('end', () => lose())
    stream.on('close', () => lose())
  }

  #lose(reason: Error): void {
    this.#lost = reason
    this.#connected?.stream.destroy()
    this.#connected = null
  }

  /** Waits for the buffers of this process and of the kernel to empty. */
  async #taken(connected: Connected): Promise<void> {
    const { stream, descriptor } = connected
    let left = Number.POSITIVE_INFINITY
    let since = Date.now()
    for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
      await sleep(pause)
      if (this.#connected !== connected) throw this.#lost ?? new Error('closed')
      const now = stream.writableLength + bytesUnsent(descriptor)
      if (now === 0) return
      if (now < left) since = Date.now()
      left = now
      if (Date.now() - since > silenceTimeout) this.close(new Error('the other side takes nothing'))
    }
  }
}

/** Resolves with the event; rejects with the socket's error, or when it takes too long. */
function established(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('the connection does not come up'))
    signal.addEventListener('abort', abort, { once: true })
    socket.once(event, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    socket.on('error', reject)
  })
}
