/**
 * Builds that clients of BuildKit have made, and those that run: what `docker buildx history` shows. In memory alone, since what
 * steps print may be anybody's secret: never on disk, a few megabytes in all, and gone with time or with the daemon.
 */
import { GantryError } from '@gantry/errors'
import { type AboutBuild, BuildRecord, type RecordedBlob } from './build-record.ts'

const mostRecords = 50
const longestAge = 48 * 3600_000
/** Bytes of all of them. */
const mostBytes = 16 << 20

export type HistoryChange = 'started' | 'complete' | 'deleted'
type Listener = (change: HistoryChange, record: BuildRecord) => void

export class BuildHistory {
  /** In the order in which they began. */
  readonly #records = new Map<string, BuildRecord>()
  readonly #listeners = new Set<Listener>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** A record of a build that begins now. It ends as soon as that is told. */
  begin(ref: string, about: AboutBuild): BuildRecord {
    const record = new BuildRecord(ref, about, new Date(this.#now()), () => {
      if (this.#records.get(ref) !== record) return
      this.#tell('complete', record)
      this.#limit()
    })
    this.#records.delete(ref)
    this.#records.set(ref, record)
    this.#tell('started', record)
    return record
  }

  /** Oldest first. */
  records(): BuildRecord[] {
    this.#limit()
    return [...this.#records.values()]
  }

  get(ref: string): BuildRecord | undefined {
    return this.#records.get(ref)
  }

  /** Throws NotFound, and Conflict for one that runs. */
  remove(ref: string): void {
    if (!this.#ended(ref)) throw new GantryError('Conflict', `build ${ref} is running`)
    this.#drop(ref)
  }

  /** A record that stays whatever its age, as long as there is room. Throws NotFound. */
  pin(ref: string, pinned: boolean): void {
    const record = this.#records.get(ref)
    if (!record) throw noRecord(ref)
    record.pinned = pinned
  }

  /** Content that a record names. Throws NotFound. */
  blob(digest: string): RecordedBlob {
    for (const record of this.#records.values())
      for (const blob of record.blobs) if (blob.digest === digest) return blob
    throw new GantryError('NotFound', `content ${digest}: not found`)
  }

  /** Tells of changes until it is called off. */
  listen(listener: Listener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  #ended(ref: string): boolean {
    const record = this.#records.get(ref)
    if (!record) throw noRecord(ref)
    return record.hasEnded
  }

  #drop(ref: string): void {
    const record = this.#records.get(ref)
    if (this.#records.delete(ref) && record) this.#tell('deleted', record)
  }

  #tell(change: HistoryChange, record: BuildRecord): void {
    for (const listener of this.#listeners) listener(change, record)
  }

  /** Those that run stay; those that are pinned go last. */
  #limit(): void {
    const ended = [...this.#records.values()].filter(({ hasEnded }) => hasEnded)
    const old = this.#now() - longestAge
    const order = [...ended.filter(({ pinned }) => !pinned), ...ended.filter(({ pinned }) => pinned)]
    let bytes = ended.reduce((sum, { size }) => sum + size, 0)
    let count = ended.length
    for (const { ref, createdAt, pinned, size } of order) {
      if (count <= mostRecords && bytes <= mostBytes && (pinned || createdAt.getTime() >= old)) continue
      this.#drop(ref)
      bytes -= size
      count--
    }
  }
}

const noRecord = (ref: string): GantryError => new GantryError('NotFound', `no record of build ${ref}`)
