/** Worker threads for work on directory trees, from the caller's side. */
import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import type { Digest } from '@gantry/oci'
import type {
  Answer,
  Change,
  ExploreLayer,
  ExportOptions,
  Job,
  LayerDirectory,
  PackedBlob,
  SealedLayer,
  Upper,
} from './messages.ts'
import type { PathStat } from './resolve.ts'
import { Task } from './task.ts'
import type { TreeView } from './view.ts'

/** An archive under way. Destroying `body` ends the work. */
export interface Packing<T> {
  answer: T
  body: Readable
}

export interface UnpackRequest {
  view: TreeView
  /** The directory to unpack into, resolved inside the view. */
  path: string
  /** Refuse to replace a directory by something else, and the reverse. */
  keepKinds: boolean
  /** Whom everything is to belong to; null for what the archive says. */
  owner: { uid: number; gid: number } | null
  /** Bytes that its files may have by their headers, and what is said when there are more. */
  most?: { bytes: number; message: string }
  /** Gives it up. */
  signal?: AbortSignal
  /** Told when it is the source that is waited for, and when it no longer is. */
  waits?: (forSource: boolean) => void
}

/** How long a thread without work is kept, in milliseconds: `docker cp` asks twice. */
const idleTime = 60_000
/** How many such threads there may be: after a rush, the memory of the others is given back. */
const mostIdle = 2

/**
 * Does jobs in threads of their own, so that neither a large tree nor a hanging file system holds up the daemon.
 * Errors are GantryErrors: NotFound, with the path as its message, where a path names nothing.
 */
export class ArchiveWorkers {
  readonly #idle: IdleWorker[] = []

  /** What a path names. */
  async stat(view: TreeView, path: string): Promise<PathStat> {
    const task = this.#begin({ kind: 'stat', view, path })
    const found = await task.answer
    await task.done
    return found as PathStat
  }

  /** The archive of what a path names; in a whole root, without mounts on what `leaveOut` names. */
  async pack(view: TreeView, path: string, leaveOut: string[]): Promise<Packing<PathStat>> {
    return (await this.#pack({ kind: 'pack', view, path, leaveOut })) as Packing<PathStat>
  }

  /** The archive of all that is in a root. */
  async export(view: TreeView, options: ExportOptions = {}): Promise<Readable> {
    return (await this.#pack({ kind: 'export', view, ...options })).body
  }

  /** What a container has changed, as an uncompressed layer. */
  async layer(upper: Upper): Promise<Readable> {
    return (await this.#pack({ kind: 'layer', ...upper })).body
  }

  /**
   * Writes that layer to a new file, and takes out of the upper directory what is no part of it: then the directory is
   * the layer unpacked. Only for an upper directory that nothing has mounted any more.
   */
  async seal(upper: Upper, path: string, signal?: AbortSignal): Promise<SealedLayer> {
    return (await this.#written({ kind: 'seal', path, ...upper }, signal)) as SealedLayer
  }

  /**
   * Writes the file `source`, which `digest` names, to the new file `path`, compressed with gzip. `onProgress` hears now
   * and then how many bytes it has read.
   */
  async compress(
    source: string,
    digest: Digest,
    path: string,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
  ): Promise<PackedBlob> {
    return (await this.#written({ kind: 'compress', source, digest, path }, signal, onProgress)) as PackedBlob
  }

  /** When it settles, the thread writes no more. */
  async #written(
    job: Job,
    signal: AbortSignal | undefined,
    onProgress?: (bytes: number) => void,
  ): Promise<Answer> {
    signal?.throwIfAborted()
    const task = this.#begin(job, onProgress)
    const abort = () => task.stop()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const written = await task.answer
      await task.done
      return written
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** What differs between two chains of layers, base first: a TreeDifference as JSON on each line. */
  async compare(from: LayerDirectory[], to: LayerDirectory[]): Promise<Readable> {
    return (await this.#pack({ kind: 'compare', from, to })).body
  }

  /** The one layer that leads from a chain of layers to another, base first; the view shows the latter's files. */
  async squash(view: TreeView, from: LayerDirectory[], to: LayerDirectory[]): Promise<Readable> {
    return (await this.#pack({ kind: 'squash', view, from, to })).body
  }

  /** What each layer of a chain does, base first: ExploredLayers and ExploredFiles as JSON on each line. */
  async explore(layers: ExploreLayer[]): Promise<Readable> {
    return (await this.#pack({ kind: 'explore', layers })).body
  }

  async changes(upper: Upper): Promise<Change[]> {
    const task = this.#begin({ kind: 'changes', ...upper })
    const found = await task.answer
    await task.done
    return found as Change[]
  }

  /**
   * Unpacks an archive, which may be compressed; the memory of what `source` gives is taken over. Rejects with Forbidden
   * for what may not be written. When it settles, the thread writes no more.
   */
  async unpack(source: Readable, { signal, waits, ...request }: UnpackRequest): Promise<void> {
    // It may fail before it is read; then reading it fails.
    source.on('error', () => {})
    signal?.throwIfAborted()
    const task = this.#begin({ kind: 'unpack', ...request })
    const ready = task.answer.then(() => task.feed(source, waits))
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal?.reason)
    signal?.addEventListener('abort', abort)
    try {
      await Promise.race([Promise.all([ready, task.done]), aborted.promise])
    } finally {
      signal?.removeEventListener('abort', abort)
      task.stop()
      await task.done.catch(() => {})
    }
  }

  /** Ends the threads that have no work. */
  close(): void {
    for (const { worker, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      void worker.terminate()
    }
  }

  async #pack(job: Job): Promise<Packing<Answer>> {
    const task = this.#begin(job)
    try {
      return { answer: await task.answer, body: task.output }
    } catch (error) {
      task.output.destroy()
      await task.done.catch(() => {})
      throw error
    }
  }

  #begin(job: Job, onProgress: (bytes: number) => void = () => {}): Task {
    const worker = this.#take()
    const release = (reusable: boolean) => (reusable ? this.#keep(worker) : void worker.terminate())
    return new Task(worker, job, release, onProgress)
  }

  #take(): Worker {
    const idle = this.#idle.pop()
    if (idle) {
      clearTimeout(idle.timer)
      idle.worker.off('exit', idle.gone).off('error', idle.gone)
      idle.worker.ref()
      return idle.worker
    }
    return new Worker(new URL('./worker.ts', import.meta.url), {
      // Its descriptors come from system calls of our own, which Node does not count.
      trackUnmanagedFds: false,
      stdin: false,
    })
  }

  #keep(worker: Worker): void {
    if (this.#idle.length >= mostIdle) return void worker.terminate()
    const gone = () => this.#drop(entry)
    const entry = { worker, gone, timer: setTimeout(gone, idleTime).unref() }
    worker.once('exit', gone).once('error', gone).unref()
    this.#idle.push(entry)
  }

  #drop(entry: IdleWorker): void {
    const at = this.#idle.indexOf(entry)
    if (at < 0) return
    this.#idle.splice(at, 1)
    clearTimeout(entry.timer)
    void entry.worker.terminate()
  }
}

interface IdleWorker {
  worker: Worker
  timer: NodeJS.Timeout
  /** Its thread has ended, or is to end. */
  gone: () => void
}
