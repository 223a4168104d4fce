/** The daemon's one connection to a process's stdio, through conmon's attach socket, shared by all its clients. */
import { readdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { GantryError } from '@gantry/errors'
import { connectSeqpacket } from '@gantry/syscall'
import type { Attachment, OutputFrame, StdioOptions } from '../contracts.ts'
import { StdioClient } from './client.ts'

/** conmon sends one byte naming the stream, then at most 8 KiB (32 KiB in later versions). */
const maximumFrameBytes = 1 + 32 * 1024
const stderrMark = 3
/** conmon reads its clients' input into a buffer of 8 KiB (32 in later versions); a longer message would be cut. */
const maximumInputBytes = 8 * 1024
/** What readers who have stopped may still owe when the process has ended: more than all pipes hold. */
const maximumLeftoverBytes = 4 * 1024 * 1024
const deathCheckMs = 250
const acceptTimeoutMs = 1000

export interface StdioConnectionOptions {
  socket: string
  /** `once` is that of a pipe: its end reaches the process. A terminal's input is `open` or `none`. */
  stdin: StdioOptions['stdin']
  /** Pid of the conmon. */
  monitor(): number | null
  /** Whether the process has ended. */
  ended(): Promise<boolean>
}

/**
 * One connection for all clients, because of what conmon does with several: it closes the process's stdin when any of
 * them leaves, keeps the descriptors of those who left until there is output, and accepts one connection a turn, so that
 * who is still in its queue when a short-lived process ends gets nothing.
 *
 * conmon writes to its clients without buffering. While one does not read, conmon waits, and does nothing else.
 */
export class StdioConnection {
  readonly #options: StdioConnectionOptions
  readonly #clients = new Set<StdioClient>()
  #socket: Promise<Socket> | null = null
  #open: Socket | null = null
  #sending: Promise<void> = Promise.resolve()
  #inputEnded = false
  #deathCheck: NodeJS.Timeout | null = null
  /** Set once the process has ended while a reader held conmon back. */
  #leftover: number | null = null

  constructor(options: StdioConnectionOptions) {
    this.#options = options
  }

  /** A further client: it gets what comes from now on. Rejects with Conflict when the process has ended. */
  async attach(stdin: boolean): Promise<Attachment> {
    const client = new StdioClient({
      isFirst: this.#socket === null,
      stdin: stdin && this.#options.stdin !== 'none',
      send: (data) => this.#send(data),
      endInput: () => this.#endInput(),
      wantsMore: () => this.#resume(),
      left: () => this.#leave(client),
    })
    this.#clients.add(client)
    try {
      this.#socket ??= this.#connect()
      const socket = await this.#socket
      if (!this.#open) throw notRunning()
      socket.ref()
      return client
    } catch (error) {
      this.#clients.delete(client)
      throw error
    }
  }

  async #connect(): Promise<Socket> {
    try {
      const monitor = this.#options.monitor()
      const before = monitor === null ? 0 : await countDescriptors(monitor)
      const socket = await this.#tryConnect()
      this.#open = socket
      for (const event of ['end', 'error', 'close']) socket.on(event, () => this.#finish(socket))
      if (monitor !== null) await waitForAccept(monitor, before)
      return socket
    } catch (error) {
      this.#socket = null
      throw error
    }
  }

  async #tryConnect(): Promise<Socket> {
    for (let attempt = 0; ; attempt++) {
      try {
        return connectSeqpacket(this.#options.socket, {
          maximumMessage: maximumFrameBytes,
          onMessages: (messages) => this.#receive(messages),
        })
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'ECONNREFUSED') throw notRunning(error)
        // conmon's queue of connections is short.
        if (code !== 'EAGAIN' || attempt === 200) throw error
        await sleep(5)
      }
    }
  }

  /** Whether conmon may go on. */
  #receive(messages: Uint8Array[]): boolean {
    if (this.#clients.size === 0) this.#unheard()
    for (const frame of framesOf(messages)) {
      for (const client of this.#clients) client.receive(frame)
      if (this.#leftover !== null) this.#leftover += frame.data.length
    }
    if (this.#leftover !== null) {
      if (this.#leftover > maximumLeftoverBytes && this.#open) this.#finish(this.#open)
      return true
    }
    const heldBack = this.#isHeldBack()
    if (heldBack) this.#watchForDeath()
    return !heldBack
  }

  #isHeldBack(): boolean {
    return [...this.#clients].some((client) => client.isFull)
  }

  /** Output, and nobody there: the connection would only cost time, unless its end would end the process's input. */
  #unheard(): void {
    if (this.#options.stdin === 'once' && !this.#inputEnded) return
    if (this.#open) this.#finish(this.#open)
  }

  #resume(): void {
    if (this.#isHeldBack() && this.#leftover === null) return
    if (this.#deathCheck) clearInterval(this.#deathCheck)
    this.#deathCheck = null
    this.#open?.resume()
  }

  /**
   * While a reader holds conmon back, conmon would not even record the process's end. So when the process has died, what
   * is left (its pipes' worth) is taken into memory without waiting for the reader.
   */
  #watchForDeath(): void {
    this.#deathCheck ??= setInterval(async () => {
      if (!(await this.#options.ended().catch(() => false)) || !this.#deathCheck) return
      this.#leftover = 0
      this.#resume()
    }, deathCheckMs).unref()
  }

  /** One message at a time: Node would join queued writes into one that is too long for conmon. */
  async #send(data: Buffer): Promise<void> {
    const sent = this.#sending.then(async () => {
      for (let from = 0; from < data.length; from += maximumInputBytes) {
        if (!this.#open || this.#inputEnded) return
        await write(this.#open, data.subarray(from, from + maximumInputBytes))
      }
    })
    this.#sending = sent.catch(() => {})
    await sent
  }

  async #endInput(): Promise<void> {
    if (this.#options.stdin !== 'once' || this.#inputEnded) return
    await this.#sending
    this.#inputEnded = true
    this.#open?.end()
  }

  #leave(client: StdioClient): void {
    this.#clients.delete(client)
    this.#resume()
    if (this.#clients.size === 0) this.#open?.unref()
  }

  #finish(socket: Socket): void {
    if (this.#open !== socket) return
    this.#open = null
    this.#socket = null
    if (this.#deathCheck) clearInterval(this.#deathCheck)
    this.#deathCheck = null
    socket.destroy()
    for (const client of this.#clients) client.finish()
    this.#clients.clear()
  }
}

/** The messages as frames with bytes of their own; neighbours of one stream become one. */
function framesOf(messages: Uint8Array[]): OutputFrame[] {
  const frames: OutputFrame[] = []
  for (let from = 0; from < messages.length; ) {
    const mark = messages[from]?.[0]
    let to = from + 1
    while (to < messages.length && messages[to]?.[0] === mark) to++
    const parts = messages.slice(from, to).map((message) => message.subarray(1))
    frames.push({ stream: mark === stderrMark ? 'stderr' : 'stdout', data: Buffer.concat(parts) })
    from = to
  }
  return frames
}

/** What conmon was told of stdin (see conmon.ts), where a terminal's input has no end. */
export function stdinMode({
  terminal,
  stdin,
}: Pick<StdioOptions, 'terminal' | 'stdin'>): StdioOptions['stdin'] {
  return terminal && stdin === 'once' ? 'open' : stdin
}

function notRunning(cause?: unknown): GantryError {
  return new GantryError('Conflict', 'container is not running', { cause })
}

/** connect(2) returns before conmon has accepted, and only conmon's descriptors tell that it has. */
async function waitForAccept(conmon: number, before: number): Promise<void> {
  const deadline = performance.now() + acceptTimeoutMs
  while (performance.now() < deadline && (await countDescriptors(conmon)) <= before) await sleep(0)
}

async function countDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`).catch(() => [])).length
}

function write(socket: Socket, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => (error ? reject(error) : resolve()))
  })
}
