/** Keeping a log within its limits. */
import { existsSync } from 'node:fs'
import { access, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isKind } from '@gantry/errors'
import { compressFile } from './compress.ts'
import type { LogFiles, LogState } from './files.ts'

export interface RotationLimits {
  /** Of one file; it may grow over it by what is written until that is noticed. */
  maxBytes: number
  /** Files in all, with the one that is written. */
  maxFiles: number
  /** Compress what was rotated away. */
  compress: boolean
}

/** Steps at which a test can make the daemon die. */
export const rotationSteps = [
  'log.rotate.recorded',
  'log.rotate.renamed',
  'log.rotate.asked',
  'log.rotate.reopened',
  'log.compress.written',
  'log.compress.renamed',
] as const
export type RotationFaults = (step: (typeof rotationSteps)[number]) => void

export interface RotationParts {
  files: LogFiles
  limits: RotationLimits
  /** Writes the state down, durably. */
  record(state: LogState): void
  /** The oldest file that something must still read; infinite when there is none. */
  needed(): number
  faults: RotationFaults
}

/** Has conmon go on with a new file: see Task.reopenLog. Null when no conmon writes the log. */
export type Reopen = (() => Promise<boolean>) | null

/** How long conmon may take: it does nothing while an attached client does not read. In milliseconds. */
const patience = 5000
/** How long a request of an earlier daemon may be under way in conmon after it was read, in milliseconds. */
const grace = 1000
const tick = 2

/** One log's rotation. One thing at a time: a call waits for the one before it. */
export class LogRotation {
  readonly #parts: RotationParts
  #last: Promise<unknown> = Promise.resolve()
  #lastTidying: Promise<unknown> = Promise.resolve()
  readonly #stopping = new AbortController()
  /** conmon has been asked to go on with a new file, and has not done so. */
  #asked = false

  constructor(parts: RotationParts) {
    this.#parts = parts
  }

  /**
   * Moves the present file away and has a new one begun; `tidy` is to follow. False when conmon has not come to it: the next
   * call goes on. Rejects, with everything as it was, when there is no room for a new file.
   */
  rotate(reopen: Reopen): Promise<boolean> {
    return this.#run(async () => {
      await this.#begin(reopen)
      return await this.#finish(reopen)
    })
  }

  /** Makes the log empty for readers. False when conmon has not come to it; then nothing is emptied. */
  async clear(reopen: Reopen): Promise<boolean> {
    const cleared = await this.#run(async () => {
      const { files } = this.#parts
      await this.#begin(reopen)
      if (!(await this.#finish(reopen))) return false
      files.clear(files.current - 1)
      this.#record()
      return true
    })
    if (cleared) await this.tidy()
    return cleared
  }

  /** Finishes what an earlier daemon, or a conmon that was held back, has left unfinished. */
  async recover(state: LogState, reopen: Reopen): Promise<void> {
    await this.#run(async () => {
      const { files } = this.#parts
      if (state.rotating === files.current && (await isThere(files.rotatedPath(state.rotating)))) {
        files.foundMovedAway()
        // Whether conmon was asked nobody knows. When it was, it is at it.
        for (let waited = 0; reopen && waited < grace && !existsSync(files.path); waited += tick)
          await sleep(tick)
        if (!(await this.#finish(reopen))) return
      } else if (state.rotating !== undefined) this.#record()
      await files.removeUnfinished()
    })
    await this.tidy()
  }

  /** conmon has ended: what it was asked for will not come. */
  end(): Promise<void> {
    return this.#run(async () => {
      if (this.#parts.files.isRotating) await this.#finish(null)
    })
  }

  /** Removes and compresses what is no longer needed as it is. Holds up no rotation. */
  tidy(): Promise<void> {
    const mine = this.#lastTidying
      .then(() => this.#tidy())
      .catch((error) => {
        if (!this.#stopping.signal.aborted) throw error
      })
    this.#lastTidying = mine.catch(() => {})
    return mine
  }

  /** Leaves what is being compressed as it was. Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#last, this.#lastTidying])
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {})
    return mine
  }

  async #begin(reopen: Reopen): Promise<void> {
    const { files, faults } = this.#parts
    if (files.isRotating || !existsSync(files.path)) return
    this.#record(files.current)
    faults('log.rotate.recorded')
    // conmon ends when it cannot make this file, so it is made here, where it does no harm.
    if (reopen) await writeFile(temporary(files), '', { mode: 0o600 })
    files.moveAway()
    faults('log.rotate.renamed')
  }

  /** Waits for conmon to have begun a new file. The old one is complete then: conmon closes it first. */
  async #finish(reopen: Reopen): Promise<boolean> {
    const { files, faults } = this.#parts
    if (!files.isRotating) return true
    const end = Date.now() + patience
    while (reopen && !existsSync(files.path)) {
      if (!this.#asked) {
        const answer = await ask(reopen)
        if (answer === 'ended') break
        this.#asked = answer
        if (answer) faults('log.rotate.asked')
      }
      if (Date.now() > end) return false
      await sleep(tick)
    }
    this.#asked = false
    // The log has a file, also when nobody is there any more to begin a new one.
    if (!existsSync(files.path)) await writeFile(files.path, '', { flag: 'a', mode: 0o600 })
    files.settle()
    this.#record()
    faults('log.rotate.reopened')
    await rm(temporary(files), { force: true })
    return true
  }

  #record(rotating?: number): void {
    const { files, record } = this.#parts
    record({
      rotated: files.current - 1,
      ...(rotating !== undefined && { rotating }),
      ...(files.cleared > 0 && { cleared: files.cleared }),
    })
  }

  /** What is too much goes before each compression: a log may be written faster than it can be compressed. */
  async #tidy(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const kept = await this.#removeExcess()
      const next = await this.#firstPlain(kept)
      if (next === undefined) return
      await compressFile(this.#parts.files.rotatedPath(next), this.#parts.faults, this.#stopping.signal)
    }
  }

  /** The rotated files that are left and that nothing has to read as they are, oldest first. */
  async #removeExcess(): Promise<number[]> {
    const { files, limits, needed } = this.#parts
    const numbers = (await files.rotated()).filter((number) => files.isSettled(number))
    const visible = numbers.filter((number) => number > files.cleared)
    const kept = new Set(visible.slice(Math.max(0, visible.length - (limits.maxFiles - 1))))
    const free = numbers.filter((number) => number < needed())
    for (const number of free) if (!kept.has(number)) await files.remove(number)
    return free.filter((number) => kept.has(number))
  }

  async #firstPlain(numbers: number[]): Promise<number | undefined> {
    const { files, limits } = this.#parts
    if (!limits.compress) return undefined
    for (const number of numbers) if (await isThere(files.rotatedPath(number))) return number
    return undefined
  }
}

/** Where conmon makes its new file before it gives it its name. */
function temporary(files: LogFiles): string {
  return `${files.path}.tmp`
}

/** False: not now. */
async function ask(reopen: NonNullable<Reopen>): Promise<boolean | 'ended'> {
  try {
    return await reopen()
  } catch (error) {
    if (isKind(error, 'Conflict')) return 'ended'
    throw error
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
