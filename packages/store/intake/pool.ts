/** A few threads for what blocks: hashing, decompressing and unpacking. Started when needed, ended when idle. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { OpenRest } from '../contracts.ts'
import {
  type FromWorker,
  type InheritJob,
  type IntakeJob,
  type IntakeResult,
  largestPiece,
  type ToWorker,
  window,
} from './messages.ts'

/** Downloads wait for the network more than for a processor, so a few at once make sense on any machine. */
const mostThreads = Math.max(4, Math.min(8, availableParallelism()))

/** What goes with a job beside plain data. */
export interface Feed {
  rest?: OpenRest | undefined
  /** Told how many bytes of the blob have been read. */
  onProgress?: ((read: number) => void) | undefined
  signal?: AbortSignal | undefined
}

type Job = { kind: 'intake'; job: IntakeJob } | { kind: 'inherit'; job: InheritJob }

/** What a thread could not do because the disk is full. */
export class DiskFullError extends GantryError {
  constructor(message: string) {
    super('System', message)
  }
}

/** Whether something could not be done because the disk is full, in a thread or in a call of Node's. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof DiskFullError || ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')

export class IntakePool {
  readonly #size: number
  readonly #idleTime: number
  readonly #idle: Thread[] = []
  readonly #waiting: ((thread: Thread) => void)[] = []
  #started = 0

  /** `idleTime`: milliseconds that a thread without work is kept. */
  constructor(size: number = mostThreads, idleTime = 5_000) {
    this.#size = size
    this.#idleTime = idleTime
  }

  /**
   * Reads a blob to its end. Rejects with InvalidParameter when it is not what was expected or cannot be unpacked,
   * DiskFullError, Cancelled, or with what `rest` threw; then nothing writes to the job's paths any more.
   */
  async intake(job: IntakeJob, feed: Feed = {}): Promise<IntakeResult> {
    return (await this.#run({ kind: 'intake', job }, feed)) as IntakeResult
  }

  async inherit(job: InheritJob): Promise<void> {
    await this.#run({ kind: 'inherit', job }, {})
  }

  async #run(job: Job, feed: Feed): Promise<IntakeResult | null> {
    const thread = await this.#acquire()
    try {
      feed.signal?.throwIfAborted()
      return await thread.run(job, feed)
    } finally {
      this.#release(thread)
    }
  }

  async #acquire(): Promise<Thread> {
    const idle = this.#idle.pop()
    if (idle) return idle
    if (this.#started >= this.#size) return await new Promise((resolve) => this.#waiting.push(resolve))
    this.#started++
    return new Thread((thread) => this.#forget(thread))
  }

  #release(thread: Thread): void {
    if (thread.ended) return
    const next = this.#waiting.shift()
    if (next) {
      next(thread)
    } else {
      this.#idle.push(thread)
      thread.rest(this.#idleTime, () => this.#withdraw(thread))
    }
  }

  #withdraw(thread: Thread): void {
    const at = this.#idle.indexOf(thread)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  /** A thread that has ended makes room for another. */
  #forget(thread: Thread): void {
    this.#started--
    this.#withdraw(thread)
    const next = this.#waiting.shift()
    if (!next) return
    this.#started++
    next(new Thread((other) => this.#forget(other)))
  }
}

/** What is known of the job that a thread is at. */
interface Running {
  id: number
  feed: Feed
  /** What the source has given and the thread has not been sent. */
  gathered: Gathered
  feeding: Promise<void>
  sourceError: unknown
  settle: PromiseWithResolvers<IntakeResult | null>
}

class Thread {
  readonly #worker: Worker
  #running: Running | undefined
  #lastId = 0
  #timer: NodeJS.Timeout | undefined
  ended = false

  constructor(onEnd: (thread: Thread) => void) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      // Its descriptors come from system calls of our own, which Node does not count.
      trackUnmanagedFds: false,
      stdin: false,
    })
    this.#worker.on('message', (message: FromWorker) => this.#hear(message))
    this.#worker.on('error', (error) => this.#running?.settle.reject(error))
    this.#worker.on('exit', () => {
      this.ended = true
      clearTimeout(this.#timer)
      this.#running?.settle.reject(new GantryError('System', 'the intake thread ended without a result'))
      onEnd(this)
    })
  }

  async run(job: Job, feed: Feed): Promise<IntakeResult | null> {
    clearTimeout(this.#timer)
    this.#worker.ref()
    const id = ++this.#lastId
    const running: Running = {
      id,
      feed,
      gathered: new Gathered((bytes) => this.#post({ kind: 'chunk', id, bytes })),
      feeding: Promise.resolve(),
      sourceError: undefined,
      settle: Promise.withResolvers(),
    }
    this.#running = running
    const abort = () => this.#post({ kind: 'abort', id })
    feed.signal?.addEventListener('abort', abort)
    try {
      this.#post({ ...job, id } as ToWorker)
      return await running.settle.promise
    } catch (error) {
      feed.signal?.throwIfAborted()
      throw running.sourceError ?? error
    } finally {
      feed.signal?.removeEventListener('abort', abort)
      running.gathered.close()
      await running.feeding
      this.#running = undefined
    }
  }

  /** Without work: does not keep the process, and ends after a while; `onEnding` is called before, as that takes time. */
  rest(idleTime: number, onEnding: () => void): void {
    this.#worker.unref()
    const end = () => {
      onEnding()
      void this.#worker.terminate()
    }
    this.#timer = setTimeout(end, idleTime).unref()
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, message.kind === 'chunk' ? [message.bytes.buffer] : [])
  }

  #hear(message: FromWorker): void {
    const running = this.#running
    if (running?.id !== message.id) return
    if (message.kind === 'more') running.gathered.release()
    else if (message.kind === 'progress') running.feed.onProgress?.(message.read)
    else if (message.kind === 'open') running.feeding = this.#feed(running, message.offset)
    else if (message.kind === 'done') running.settle.resolve(message.result)
    else {
      const { kind, message: text, diskFull } = message.error
      running.settle.reject(diskFull ? new DiskFullError(text) : new GantryError(kind, text))
    }
  }

  /** Sends the rest at the thread's pace. Ends early, closing the source, when the thread wants no more. */
  async #feed(running: Running, offset: number): Promise<void> {
    const { id, feed, gathered } = running
    try {
      for await (const chunk of feed.rest?.(offset) ?? []) if (!(await gathered.add(chunk))) return
      if (await gathered.drain()) this.#post({ kind: 'end', id })
    } catch (error) {
      running.sourceError = error
      // What came until then counts: the next try goes on from there.
      await gathered.drain()
      this.#post({ kind: 'broken', id })
    }
  }
}

/**
 * Chunks on their way to a thread. At first each goes at once; while the thread is busy they are gathered, so that a fast
 * source is handed over in few large pieces and a slow one without delay.
 */
class Gathered {
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void
  #chunks: Uint8Array[] = []
  #size = 0
  /** Pieces that may be sent. */
  #credit = window
  #closed = false
  #wake = () => {}

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send
  }

  /** The thread has taken a piece. */
  release(): void {
    this.#credit++
    this.#flush()
    this.#wake()
  }

  /** Nobody wants more. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** Resolves when there is room for the next chunk; to false once closed. */
  add(chunk: Uint8Array): Promise<boolean> | boolean {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    this.#flush()
    return this.#size < largestPiece ? !this.#closed : this.#below(largestPiece)
  }

  /** Resolves when all has been sent; to false once closed. */
  drain(): Promise<boolean> {
    return this.#below(1)
  }

  async #below(size: number): Promise<boolean> {
    while (this.#size >= size && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return !this.#closed
  }

  /** Copies: these can be handed over, and the source's buffers may be part of a pool. */
  #flush(): void {
    if (this.#credit === 0 || this.#size === 0 || this.#closed) return
    const bytes = new Uint8Array(this.#size)
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = []
    this.#size = 0
    this.#credit--
    this.#send(bytes)
  }
}
