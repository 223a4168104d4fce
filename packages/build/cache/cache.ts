/** What earlier builds made, by the key of the step that made it. */
import type { CacheRecord, CacheTable, EarlierRunTable, Snapshot, Snapshots } from '../contracts.ts'
import { definitionMark, type KeyParts, keyOf } from '../solve/key.ts'
import { EarlierRuns } from './earlier-runs.ts'
import type { CacheUsage } from './usage.ts'

export interface BuildCacheParts {
  table: CacheTable
  earlierRuns: EarlierRunTable
  /** Everything that `work` writes at once. */
  transaction: (work: () => void) => void
  snapshots: Pick<Snapshots, 'has'>
  now: () => Date
}

/** Milliseconds after which it is written down what has been used: not while a client waits for its build to end. */
const writingDelay = 1000

export class BuildCache {
  readonly #table: CacheTable
  readonly #earlier: EarlierRuns
  readonly #transaction: (work: () => void) => void
  readonly #snapshots: Pick<Snapshots, 'has'>
  readonly #now: () => Date
  /** Keys that a running build relies on. */
  readonly #held = new Map<string, number>()
  /** Records that have been used and not been written since. */
  readonly #used = new Map<string, CacheRecord>()
  #writing: NodeJS.Timeout | undefined
  /** The key of the last record of each description; filled when it is first asked for. */
  #latest: Map<string, string> | null = null

  /** Keys that are made of definitions; filled when they are first asked for. */
  #definitions: Set<string> | null = null

  constructor({ table, earlierRuns, transaction, snapshots, now }: BuildCacheParts) {
    this.#table = table
    this.#earlier = new EarlierRuns(earlierRuns)
    this.#transaction = transaction
    this.#snapshots = snapshots
    this.#now = now
  }

  /** What the step made earlier; null when it must run. A record whose layers are gone is forgotten. */
  async find(parts: KeyParts): Promise<CacheRecord | null> {
    const key = keyOf(parts)
    const record = this.#used.get(key) ?? this.#table.get(key)
    if (!record) return null
    if (!(await this.#snapshots.has(record.snapshot))) {
      this.#forget(key)
      return null
    }
    const used = { ...record, usedAt: this.#now().toISOString(), uses: record.uses + 1 }
    this.#used.set(key, used)
    this.#latest?.set(used.description, key)
    return used
  }

  /** Writes down which records have been used a little later, all at once: nobody needs to know at once, or surely. */
  flushSoon(): void {
    this.#writing ??= setTimeout(() => {
      try {
        this.flush()
      } catch {
        // The times of the use before stay.
      }
    }, writingDelay).unref()
  }

  /** Writes down which records have been used. */
  flush(): void {
    clearTimeout(this.#writing)
    this.#writing = undefined
    if (this.#used.size === 0) return
    const used = [...this.#used.values()]
    this.#used.clear()
    this.#transaction(() => {
      for (const record of used) this.#table.set(record.key, record)
    })
  }

  #note({ description, inputs, usedAt }: CacheRecord): void {
    try {
      this.#earlier.note({ description, inputs, usedAt })
    } catch {
      // Space is made on disks that are full.
    }
  }

  #forget(key: string): void {
    const record = this.#used.get(key) ?? this.#table.get(key)
    if (record) {
      this.#note(record)
      if (this.#latest?.get(record.description) === key) this.#latest.delete(record.description)
    }
    this.#definitions?.delete(key)
    this.#used.delete(key)
    this.#table.delete(key)
  }

  /** Keeps what a step has made. */
  keep(parts: KeyParts, snapshot: Snapshot, description: string, createdAt?: string): CacheRecord {
    const time = this.#now().toISOString()
    const record: CacheRecord = {
      key: keyOf(parts),
      snapshot,
      description,
      createdAt: createdAt ?? time,
      usedAt: time,
      uses: 0,
      size: snapshot.layers.at(-1)?.size ?? 0,
      inputs: parts,
    }
    this.#used.delete(record.key)
    this.#table.set(record.key, record)
    if (definitionMark in parts) this.#definitions?.add(record.key)
    this.#latest?.set(description, record.key)
    return record
  }

  /** Whether any step is known by its definition alone, as those that come from other machines can be. */
  hasDefinitions(): boolean {
    this.#definitions ??= new Set(
      this.#table.values().flatMap(({ key, inputs }) => (definitionMark in inputs ? key : [])),
    )
    return this.#definitions.size > 0
  }

  /** The parts of the key with which a step ran, or was found here, the last time, also when that is in the cache no more; null when it is not known. */
  latest(description: string): Readonly<KeyParts> | null {
    this.#latest ??= new Map(this.#byUse().map((record) => [record.description, record.key]))
    const record = this.#table.get(this.#latest.get(description) ?? '')
    return (record ?? this.#earlier.latest(description))?.inputs ?? null
  }

  /** Keeps `prune` off the record while a build uses it. */
  hold(parts: KeyParts): Disposable {
    const key = keyOf(parts)
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(key) ?? 1) - 1
        if (left === 0) this.#held.delete(key)
        else this.#held.set(key, left)
      },
    }
  }

  records(): CacheRecord[] {
    this.flush()
    return this.#table.values()
  }

  /** Least recently used first. */
  #byUse(): CacheRecord[] {
    return this.records().sort((a, b) => a.usedAt.localeCompare(b.usedAt))
  }

  /** As it is shown: `inImages` are the chain ids of layers that images of this machine have. */
  usage(inImages: ReadonlySet<string>): CacheUsage[] {
    const records = this.records()
    const byTop = new Map(records.map(({ key, snapshot }) => [snapshot.layers.at(-1)?.chainId, key]))
    return records.map(({ key, snapshot: { layers }, description, createdAt, usedAt, uses, size }) => {
      const parent = byTop.get(layers.at(-2)?.chainId)
      return {
        id: key,
        type: 'regular',
        parents: parent === undefined ? [] : [parent],
        description,
        createdAt,
        usedAt,
        uses,
        inUse: this.#held.has(key),
        shared: inImages.has(layers.at(-1)?.chainId ?? ''),
        size,
        layers,
      }
    })
  }

  /** Forgets a record, unless a build needs it. Its layers go when nothing else needs them. */
  remove(key: string): boolean {
    if (this.#held.has(key)) return false
    this.#forget(key)
    return true
  }
}
