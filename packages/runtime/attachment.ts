/** A client's connection to a process's stdio through conmon's attach socket. */
import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { GantryError } from '@gantry/errors'
import { connectSeqpacket, SystemCallError } from '@gantry/syscall'
import type { Attachment, OutputFrame } from './contracts.ts'

/** conmon sends one byte naming the stream, then at most 8 KiB (32 KiB in later versions). */
const maximumFrameBytes = 1 + 32 * 1024
/** conmon reads its clients' input into a buffer of 8 KiB (32 in later versions); a longer message would be cut. */
const maximumInputBytes = 8 * 1024
/** Frames kept for a reader before conmon is held back; conmon itself then waits, and with it the process. */
const waitingFrames = 16
/** What a reader who has stopped may still owe when its process has ended. */
const maximumLeftoverBytes = 4 * 1024 * 1024
const deathCheckMs = 250

export interface AttachmentOptions {
  socket: string
  /** Whether input goes to the process; otherwise it is thrown away. */
  stdin: boolean
  /**
   * conmon closes the process's stdin as soon as any connection is dropped. With `linger`, a closed connection is
   * kept to the end of the process and its output thrown away, so that a mere onlooker does not end another's input.
   */
  linger: boolean
  /** Whether the process has ended. */
  ended(): Promise<boolean>
}

/** Connects. Rejects with Conflict when the process has ended. */
export async function connectAttachment(options: AttachmentOptions): Promise<Attachment> {
  for (let attempt = 0; ; attempt++) {
    try {
      return new ConmonAttachment(options)
    } catch (error) {
      if (!(error instanceof SystemCallError) && !isMissing(error)) throw error
      // conmon queues ten connections; more may come at once.
      const full = error instanceof SystemCallError && error.code === 'EAGAIN'
      if (!full || attempt >= 200)
        throw new GantryError('Conflict', 'container is not running', { cause: error })
      await sleep(5)
    }
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

class ConmonAttachment implements Attachment {
  readonly output: Readable
  readonly stdin: Writable
  readonly #socket: Socket
  readonly #options: AttachmentOptions
  #state: 'open' | 'lingering' | 'ended' = 'open'
  /** Set while the reader holds conmon back; see #holdBack. */
  #held: NodeJS.Timeout | null = null
  #leftover: number | null = null

  constructor(options: AttachmentOptions) {
    this.#options = options
    this.#socket = connectSeqpacket(options.socket, {
      maximumMessage: maximumFrameBytes,
      onMessage: (message) => this.#receive(message),
    })
    this.output = new Readable({
      objectMode: true,
      highWaterMark: waitingFrames,
      read: () => this.#letGo(),
      destroy: (error, done) => {
        this.close()
        done(error)
      },
    })
    this.stdin = options.stdin ? this.#input() : discard()
    this.#socket.on('end', () => this.#finish())
    this.#socket.on('error', () => this.#finish())
    this.#socket.on('close', () => this.#finish())
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#letGo()
    if (this.#options.linger) {
      this.#state = 'lingering'
      this.#socket.unref()
      this.#socket.resume()
    } else {
      this.#finish()
    }
    this.output.destroy()
    this.stdin.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #receive(message: Uint8Array): boolean {
    if (this.#state !== 'open') return true
    const frame: OutputFrame = {
      stream: message[0] === 3 ? 'stderr' : 'stdout',
      data: Buffer.from(message.subarray(1)),
    }
    const wantsMore = this.output.push(frame)
    if (this.#leftover !== null) {
      this.#leftover += frame.data.length
      if (this.#leftover > maximumLeftoverBytes) this.close()
      return true
    }
    if (!wantsMore) this.#holdBack()
    return wantsMore
  }

  /**
   * While a reader holds conmon back, conmon does nothing else: it would not even record the process's end. So when the
   * process has died, what is left (a pipe's worth) is taken into memory without waiting for the reader.
   */
  #holdBack(): void {
    this.#held ??= setInterval(async () => {
      if (!(await this.#options.ended()) || !this.#held) return
      this.#leftover = 0
      this.#letGo()
    }, deathCheckMs).unref()
  }

  #letGo(): void {
    if (this.#held) clearInterval(this.#held)
    this.#held = null
    if (this.#state !== 'ended') this.#socket.resume()
  }

  #finish(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    if (this.#held) clearInterval(this.#held)
    this.#held = null
    this.#socket.destroy()
    if (!this.output.destroyed) this.output.push(null)
    this.stdin.destroy()
  }

  /** One message at a time: Node would join queued writes into one message that is too long for conmon. */
  #input(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(chunk, done),
      final: (done) => {
        if (this.#state === 'ended') done()
        else this.#socket.end(() => done())
      },
    }).on('error', () => {})
  }

  #send(data: Buffer, done: (error?: Error | null) => void): void {
    if (data.length === 0 || this.#state !== 'open') {
      done()
      return
    }
    this.#socket.write(data.subarray(0, maximumInputBytes), (error) => {
      if (error) done(error)
      else this.#send(data.subarray(maximumInputBytes), done)
    })
  }
}

function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
