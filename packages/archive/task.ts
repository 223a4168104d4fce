import { Readable } from 'node:stream'
import type { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import { Feed } from './feed.ts'
import { type Answer, Control, type FromWorker, type Job, type ToWorker } from './messages.ts'

/** One job in one thread. `release` hears when the thread has no more to do with it, and whether it can do another. */
export class Task {
  readonly answer: Promise<Answer>
  /** Settles when the thread has finished with the job. */
  readonly done: Promise<void>
  readonly output: Readable
  readonly #worker: Worker
  readonly #control = new Int32Array(new SharedArrayBuffer(8))
  /** What the thread has sent and the reader has not taken; null is the end. */
  readonly #arrived: (Buffer | null)[] = []
  #reading = false
  readonly #feed = new Feed((message, transfer) => this.#post(message, transfer))
  #ended = false

  constructor(
    worker: Worker,
    job: Job,
    release: (reusable: boolean) => void,
    onProgress: (bytes: number) => void,
  ) {
    this.#worker = worker
    const answer = Promise.withResolvers<Answer>()
    const done = Promise.withResolvers<void>()
    this.answer = answer.promise
    this.done = done.promise
    this.answer.catch(() => {})
    this.done.catch(() => {})
    this.output = new Readable({
      highWaterMark: 1,
      read: () => {
        this.#reading = true
        this.#deliver()
      },
      destroy: (error, callback) => {
        this.stop()
        callback(error)
      },
    })
    // Not every job has somebody who reads the output.
    this.output.on('error', () => {})
    const end = (error: Error | null, reusable: boolean) => {
      if (this.#ended) return
      this.#ended = true
      this.#feed.close()
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      release(reusable)
      if (error) {
        answer.reject(error)
        done.reject(error)
        this.output.destroy(error)
      } else {
        answer.resolve(null)
        done.resolve()
        this.#arrived.push(null)
        this.#deliver()
      }
    }
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'answer') answer.resolve(message.answer)
      else if (message.kind === 'more') this.#feed.want()
      else if (message.kind === 'progress') onProgress(message.bytes)
      else if (message.kind === 'chunk') {
        this.#arrived.push(Buffer.from(message.bytes.buffer, 0, message.bytes.length))
        this.#deliver()
      } else if (message.kind === 'done') end(null, message.reusable)
      else end(new GantryError(message.error.kind, message.error.message), message.reusable)
    }
    const onError = (error: Error) => end(error, false)
    const onExit = () => end(new GantryError('System', 'the archive thread ended without a result'), false)
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    this.#post({ kind: 'job', job, control: this.#control })
  }

  /** Gives the thread the bytes of an archive, and their memory. Resolves when the thread takes no more. */
  async feed(source: Readable, waits: (forSource: boolean) => void = () => {}): Promise<void> {
    await this.#feed.run(source, waits)
  }

  stop(): void {
    if (this.#ended) return
    Atomics.store(this.#control, Control.stop, 1)
    Atomics.notify(this.#control, Control.taken)
    this.#post({ kind: 'abort' })
  }

  /** Gives the reader one piece for each time it asks; the thread may then send another. */
  #deliver(): void {
    if (!this.#reading || this.#arrived.length === 0) return
    this.#reading = false
    Atomics.add(this.#control, Control.taken, 1)
    Atomics.notify(this.#control, Control.taken)
    this.output.push(this.#arrived.shift())
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#ended) this.#worker.postMessage(message, transfer)
  }
}
