/** Threads for file jobs, from the caller's side. */
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { FileJob, FromThread, ToThread } from './messages.ts'

/** How long a thread without work is kept, in milliseconds. */
const idleTime = 10_000

interface Idle {
  worker: Worker
  timer: NodeJS.Timeout
}

/** As many threads as there are jobs at once (the solver bounds those); idle ones are used again. */
export class FileThreads {
  readonly #idle: Idle[] = []

  /** Rejects with GantryError; with Cancelled once the thread has stopped after `signal`. */
  async run(job: FileJob, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted()
    const worker = this.#take()
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const abort = (): void => void Atomics.store(stop, 0, 1)
    signal?.addEventListener('abort', abort, { once: true })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const onMessage = (message: FromThread): void => {
      if (message.kind === 'done') resolve(message.answer)
      else reject(new GantryError(message.error.kind, message.error.message))
    }
    const onError = (error: Error): void => {
      ended = true
      reject(error)
    }
    let ended = false
    const onExit = (): void => {
      ended = true
      reject(new GantryError('System', 'the file thread ended without a result'))
    }
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage({ job, stop } satisfies ToThread)
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      if (!ended) this.#keep(worker)
    }
  }

  /** Ends the threads that have no work. */
  close(): void {
    for (const { worker, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      void worker.terminate()
    }
  }

  #take(): Worker {
    const idle = this.#idle.pop()
    if (!idle)
      return new Worker(new URL('./worker.ts', import.meta.url), { trackUnmanagedFds: false, stdin: false })
    clearTimeout(idle.timer)
    idle.worker.ref()
    return idle.worker
  }

  #keep(worker: Worker): void {
    worker.unref()
    const timer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(entry), 1)
      void worker.terminate()
    }, idleTime).unref()
    const entry: Idle = { worker, timer }
    this.#idle.push(entry)
  }
}
