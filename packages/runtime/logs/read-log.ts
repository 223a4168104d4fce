/** Reading container logs: `docker logs`, with all its selections. */
import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { LogEntry, LogQuery, ReadLog } from '../contracts.ts'
import { parseRecord } from './cri.ts'
import { RecordReader, tailOffset } from './records.ts'

/** See ReadLog. A log that does not exist is empty; with `follow` it is waited for. */
export const readLog: ReadLog = (path, query, ended) => flatten(readBatches(path, query, ended))

/** The entries of one block of the file at a time. */
async function* readBatches(
  path: string,
  query: LogQuery,
  ended: Promise<unknown>,
): AsyncGenerator<LogEntry[]> {
  const bell = new Bell(query, ended)
  try {
    const file = await openLog(path, bell, query.follow === true)
    if (!file) return
    try {
      yield* readFrom(file, path, query, bell)
    } finally {
      await file.close()
    }
  } finally {
    bell.close()
  }
}

async function* readFrom(
  file: FileHandle,
  path: string,
  query: LogQuery,
  bell: Bell,
): AsyncGenerator<LogEntry[]> {
  // The watch comes first: what is written between the last read and a later watch would ring no bell.
  if (query.follow) bell.listen(path)
  const { size } = await file.stat()
  const reader = new RecordReader(
    file,
    query.tail === undefined ? 0 : await tailOffset(file, size, query.tail),
  )
  for (;;) {
    const final = bell.ended
    for (let records = await reader.next(); records && !bell.stopped; records = await reader.next()) {
      const { entries, past } = select(records, query)
      yield entries
      if (past) return
    }
    if (!query.follow || final || bell.stopped) return
    await bell.wait()
  }
}

/** The entries among these records that the query asks for, and whether its time is past. */
function select(records: Buffer[], { since, until }: LogQuery): { entries: LogEntry[]; past: boolean } {
  const entries: LogEntry[] = []
  for (const record of records) {
    const entry = parseRecord(record)
    if (!entry || (since && entry.time < since)) continue
    if (until && entry.time > until) return { entries, past: true }
    entries.push(entry)
  }
  return { entries, past: false }
}

/** Hands out batches one by one. An async generator would do the same ten times slower. */
function flatten<T>(batches: AsyncGenerator<T[]>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      let batch: T[] = []
      let position = 0
      const next = async (): Promise<IteratorResult<T>> => {
        while (position >= batch.length) {
          const { value, done } = await batches.next()
          if (done) return { value: undefined, done: true }
          batch = value
          position = 0
        }
        return { value: batch[position++] as T, done: false }
      }
      return {
        next: () =>
          position < batch.length ? Promise.resolve({ value: batch[position++] as T, done: false }) : next(),
        return: async () => {
          batch = []
          await batches.return(undefined)
          return { value: undefined, done: true }
        },
      }
    },
  }
}

async function openLog(path: string, bell: Bell, follow: boolean): Promise<FileHandle | null> {
  if (follow) bell.listen(dirname(path), basename(path))
  for (;;) {
    const final = bell.ended
    try {
      return await open(path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      if (!follow || final || bell.stopped) return null
      await bell.wait()
    }
  }
}

/** Rings when there may be more to read, when the process has ended, and when the reader is to stop. */
class Bell {
  /** The reader went away. */
  stopped: boolean
  /** The process has ended, or `until` has passed: one more reading finds all there is. */
  ended = false
  #rang = false
  #wake: (() => void) | null = null
  #watcher: FSWatcher | null = null
  readonly #timer: NodeJS.Timeout | null
  readonly #query: LogQuery
  readonly #stop = () => {
    this.stopped = true
    this.ring()
  }

  constructor(query: LogQuery, ended: Promise<unknown>) {
    this.#query = query
    this.stopped = query.signal?.aborted === true
    query.signal?.addEventListener('abort', this.#stop)
    const left = query.until ? query.until.getTime() - Date.now() : null
    const timed = query.follow && left !== null && left < 2 ** 31
    const atEnd = () => {
      this.ended = true
      this.ring()
    }
    this.#timer = timed ? setTimeout(atEnd, Math.max(left, 0)) : null
    ended.then(atEnd, atEnd)
  }

  /** Listens to one file, or to one name in a directory, instead of what it listened to before. */
  listen(path: string, name?: string): void {
    this.#watcher?.close()
    this.#watcher = watch(path, (_event, changed) => {
      if (name === undefined || changed === name) this.ring()
    })
    this.#watcher.on('error', () => this.ring())
  }

  ring(): void {
    this.#rang = true
    this.#wake?.()
  }

  async wait(): Promise<void> {
    if (!this.#rang)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#wake = null
    this.#rang = false
  }

  close(): void {
    this.#watcher?.close()
    if (this.#timer) clearTimeout(this.#timer)
    this.#query.signal?.removeEventListener('abort', this.#stop)
  }
}
