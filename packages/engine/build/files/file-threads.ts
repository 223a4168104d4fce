/** Threads for file jobs, from the caller's side. */
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { FileJob, FromThread, ToThread } from './messages.ts'

/** How long a thread without work is kept, in milliseconds. */
const idleTime = 10_000

interface Idle {
  worker: Worker
  timer: NodeJS.Timeout
  /** Its thread has ended, or is to end. */
  gone: () => void
}

/** As many threads as there are jobs at once (the solver bounds those); idle ones are used again. */
export class FileThreads {
  readonly #program: URL
  readonly #idle: Idle[] = []

  /** `program` is what the threads run. */
  constructor(program: URL = new URL('./worker.ts', import.meta.url)) {
    this.#program = program
  }

  /** Rejects with GantryError; with Cancelled once the thread has stopped after `signal`. */
  async run(job: FileJob, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted()
    const worker = this.#take()
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const abort = (): void => void Atomics.store(stop, 0, 1)
    signal?.addEventListener('abort', abort, { once: true })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    let isAlive = true
    const onMessage = (message: FromThread): void => {
      if (message.kind === 'done') resolve(message.answer)
      else reject(new GantryError(message.error.kind, message.error.message))
    }
    const onError = (error: Error): void => {
      isAlive = false
      reject(error)
    }
    const onExit = (): void => onError(new GantryError('System', 'the file thread ended without a result'))
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage({ job, stop } satisfies ToThread)
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      if (isAlive) this.#keep(worker)
      else void worker.terminate()
    }
  }

  /** Ends the threads that have no work. */
  close(): void {
    for (const { gone } of [...this.#idle]) gone()
  }

  #take(): Worker {
    const idle = this.#idle.pop()
    if (!idle) return new Worker(this.#program, { trackUnmanagedFds: false, stdin: false })
    clearTimeout(idle.timer)
    idle.worker.off('exit', idle.gone).off('error', idle.gone)
    idle.worker.ref()
    return idle.worker
  }

  #keep(worker: Worker): void {
    const gone = (): void => {
      clearTimeout(entry.timer)
      this.#idle.splice(this.#idle.indexOf(entry), 1)
      worker.off('exit', gone)
      void worker.terminate()
    }
    const entry: Idle = { worker, gone, timer: setTimeout(gone, idleTime).unref() }
    worker.once('exit', gone).once('error', gone).unref()
    this.#idle.push(entry)
  }
}
