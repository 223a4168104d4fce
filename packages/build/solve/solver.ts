/**
 * Brings steps to their results: what they need first, side by side; each step once, also when several builds want it;
 * from the cache when nothing that goes into it has changed.
 */
import { messageOf } from '@gantry/errors'
import { type Digest, formatPlatform, type Platform } from '@gantry/oci'
import type { BuildCache } from '../cache/cache.ts'
import type { CacheMounts } from '../cache/mounts.ts'
import type {
  BaseImage,
  CacheRecord,
  Files,
  ImageLookup,
  ImageStep,
  Runner,
  Snapshot,
  Snapshots,
  Step,
} from '../contracts.ts'
import { StepError, unresolved } from '../step-failure.ts'
import { stepsOf } from '../steps.ts'
import type { BuildRun, StepOutput, StepReport } from './build-run.ts'
import { prepareCopy } from './copy.ts'
import { Definitions } from './definitions.ts'
import { contentOf, directoryParts, type KeyParts, keyOf } from './key.ts'
import type { Limiter } from './limiter.ts'
import { prepareRun } from './run.ts'
import { SharedWork } from './shared-work.ts'
import { reasons, rememberFiles } from './why.ts'

export interface SolverParts {
  snapshots: Snapshots
  runner: Runner
  files: Files
  cache: BuildCache
  cacheMounts: CacheMounts
  /**
   * How many steps may run at once, of all builds: against exhaustion only. Most steps wait for networks and disks, and one
   * that hangs must not keep those of others from running.
   */
  limiter: Limiter
}

/** A step that is ready to run: its key is known, and how to make its layer. */
export interface Prepared {
  parts: KeyParts
  /**
   * It reads what is this build's own (contexts, downloads, secrets, agents), so that it cannot go on for another build
   * when this one has ended.
   */
  borrows: boolean
  /** Makes the snapshot. `signal` is aborted when no build wants it any more. */
  execute(signal: AbortSignal, output: StepOutput, failed: (error: string) => void): Promise<Snapshot>
  /** What the step leaves upon its input, where what it makes does not depend on that. */
  place?(made: Snapshot): Promise<Snapshot>
}

/** What a step left, and when it ran: a cached step keeps its time, so that the same build gives the same image. */
export interface Solved {
  snapshot: Snapshot
  createdAt: string
  /** The id of an image whose files these are. */
  image?: Digest
  /** What the name of that image stands for: its manifest, or an index. */
  digest?: Digest
}

export const emptySnapshot: Snapshot = { layers: [] }

export class Solver {
  readonly parts: SolverParts
  readonly #shared = new SharedWork<CacheRecord, StepReport>()

  constructor(parts: SolverParts) {
    this.parts = parts
  }

  /** Solves for one build: the same step object is looked at once. `failed` is told of every step that fails, at once. */
  session(run: BuildRun, failed: (error: unknown) => void): SolveSession {
    return new SolveSession(this.parts, this.#shared, run, failed)
  }
}

export class SolveSession {
  readonly parts: SolverParts
  readonly run: BuildRun
  /** Of the steps that are through, in that order. */
  readonly records: CacheRecord[] = []
  readonly #shared: SharedWork<CacheRecord, StepReport>
  readonly #failed: (error: unknown) => void
  readonly #results = new Map<Step, Promise<Solved>>()
  readonly #images = new Map<string, Promise<BaseImage>>()
  readonly #definitions = new Definitions(this)
  /** Those that have been told of without a result. */
  readonly #spared = new Set<Step>()

  constructor(
    parts: SolverParts,
    shared: SharedWork<CacheRecord, StepReport>,
    run: BuildRun,
    failed: (error: unknown) => void,
  ) {
    this.parts = parts
    this.#shared = shared
    this.run = run
    this.#failed = failed
  }

  /** The file system that a step leaves; an empty one for none. */
  async snapshot(step: Step | null): Promise<Snapshot> {
    return step === null ? emptySnapshot : (await this.solve(step)).snapshot
  }

  /** An image by its name: looked up, and pulled if need be, once in a build. */
  image(
    reference: string,
    platform: Platform,
    progress: ImageLookup['progress'] = () => undefined,
  ): Promise<BaseImage> {
    const key = `${reference} ${formatPlatform(platform)}`
    const known = this.#images.get(key)
    if (known) return known
    const { request, signal } = this.run
    const image = this.parts.snapshots.image(reference, platform, {
      pull: request.pull,
      ...(request.credentials && { credentials: request.credentials }),
      signal,
      progress,
    })
    image.catch(() => undefined) // whoever needs it sees it
    this.#images.set(key, image)
    return image
  }

  solve(step: Step): Promise<Solved> {
    const known = this.#results.get(step)
    if (known) return known
    const result = this.#solve(step)
    result.catch(this.#failed)
    this.#results.set(step, result)
    return result
  }

  /** Rejects with StepError, of the step that has failed: this one or one that it needs. */
  async #solve(step: Step): Promise<Solved> {
    try {
      return await (step.kind === 'image' ? this.#image(step) : this.#step(step))
    } catch (error) {
      if (error instanceof StepError || this.run.signal.aborted) throw error
      throw new StepError(error, step)
    }
  }

  async #image(step: ImageStep): Promise<Solved> {
    const report = this.run.begin(step.name)
    try {
      const image = await this.image(step.reference, step.platform, ({ id, current, total }) =>
        report.progress(id, current, total),
      )
      report.end(true)
      return {
        snapshot: image.snapshot,
        createdAt: image.config.created ?? '',
        image: image.id,
        digest: image.digest,
      }
    } catch (error) {
      report.failed(this.#reason(error))
      throw this.run.signal.aborted ? error : new StepError(error, step, unresolved(step.shown, error))
    }
  }

  async #step(step: Exclude<Step, ImageStep>): Promise<Solved> {
    const known = await this.#byDefinition(step)
    if (known) return known
    for (const needed of originSteps(step)) this.solve(needed) // beside the input; awaited when it is opened
    const input = await this.snapshot(step.input)
    const prepared = await this.#prepare(step, input).catch((error) => {
      // What it reads is not there: it has not begun, and is told of all the same.
      if (!(error instanceof StepError) && !this.run.signal.aborted)
        this.run.begin(step.name).failed(messageOf(error))
      throw error
    })
    const { cache } = this.parts
    using _held = cache.hold(prepared.parts)
    const report = this.run.begin(step.name)
    try {
      const cached = this.run.usesCache(step.stage)
        ? ((await cache.find(prepared.parts)) ?? (await this.#remote(step, prepared.parts)))
        : null
      if (cached) {
        await this.#noteRecord(step, cached)
        const placed = await placedBy(prepared, cached)
        report.end(true)
        return placed
      }
      const { files } = this.parts
      const earlier = cache.latest(step.description)
      const [made, why] = await Promise.all([
        this.#execute(step, prepared, report),
        earlier ? reasons(files, earlier, prepared.parts, step, this.run.usesCache(step.stage)) : '',
      ])
      await this.#noteRecord(step, made)
      const solved = await placedBy(prepared, made)
      await rememberFiles(files, prepared.parts)
      report.end(false, why)
      return solved
    } catch (error) {
      report.failed(this.#reason(error))
      throw error
    }
  }

  /** What a step that reads other stages has made before, or elsewhere: then those stages are not needed. */
  async #byDefinition(step: Exclude<Step, ImageStep>): Promise<Solved | null> {
    const { cache, snapshots } = this.parts
    const { remoteCaches, recordsGo } = this.run.request
    // Where all that was made goes elsewhere, it has to be at hand.
    if (originSteps(step).length === 0 || recordsGo === 'all') return null
    if (remoteCaches.length === 0 && !cache.hasDefinitions()) return null
    const parts = await this.#definitions.parts(step).catch(() => null) // told of where it is needed
    if (!parts) return null
    using _held = cache.hold(parts)
    const found = (await cache.find(parts)) ?? (await this.#remote(step, parts))
    if (!found) return null
    const input = await this.snapshot(step.input)
    const isLinked = step.kind === 'copy' && step.link
    const below = { layers: found.snapshot.layers.slice(0, -1) }
    if (!isLinked && contentOf(below) !== contentOf(input)) return null
    const report = this.run.begin(step.name)
    const snapshot = isLinked ? await snapshots.stack(input, found.snapshot) : found.snapshot
    this.records.push(found)
    report.end(true)
    return { ...found, snapshot }
  }

  /** Under its definition, too, where it goes elsewhere: the stages that it reads may not be known there. */
  async #noteRecord(step: Exclude<Step, ImageStep>, record: CacheRecord): Promise<void> {
    this.records.push(record)
    if (originSteps(step).length === 0 || this.run.request.recordsGo === 'nowhere') return
    const parts = await this.#definitions.parts(step)
    if (parts) this.records.push({ ...record, key: keyOf(parts), inputs: parts })
  }

  /** As BuildKit's clients expect it of a step that is ended because another one has failed. */
  #reason(error: unknown): string {
    return this.run.signal.aborted ? 'context canceled' : messageOf(error)
  }

  /** What another builder made of the same. A cache that fails is none: the step runs. */
  async #remote(step: Step, parts: KeyParts): Promise<CacheRecord | null> {
    for (const remote of this.run.request.remoteCaches) {
      const found = await remote.find(keyOf(parts)).catch(() => null)
      this.run.signal.throwIfAborted()
      if (found) return this.parts.cache.keep(parts, found.snapshot, step.description, found.createdAt)
    }
    return null
  }

  #execute(step: Step, prepared: Prepared, report: StepReport): Promise<CacheRecord> {
    const { cache, limiter } = this.parts
    // A build without cache shares work with none: it asked for a new run.
    const key = this.run.usesCache(step.stage) ? keyOf(prepared.parts) : crypto.randomUUID()
    return this.#shared.join(key, {
      signal: this.run.signal,
      report,
      lends: prepared.borrows,
      begin: async (signal, audience) => {
        const tell: StepOutput = (stream, data) => {
          for (const each of audience) each.log(stream, data)
        }
        const failed = (error: string): void => {
          for (const each of audience) each.failed(error)
        }
        const snapshot = await limiter.run(signal, () => prepared.execute(signal, tell, failed))
        return cache.keep(prepared.parts, snapshot, step.description)
      },
    })
  }

  async #prepare(step: Exclude<Step, ImageStep>, input: Snapshot): Promise<Prepared> {
    switch (step.kind) {
      case 'run':
        return await prepareRun(this, step, input)
      case 'copy':
        return await prepareCopy(this, step, input)
      case 'directory':
        return {
          parts: directoryParts(step, contentOf(input)),
          borrows: false,
          execute: async () => {
            await using snapshot = await this.parts.snapshots.open(input)
            const root = await snapshot.root()
            const owner = await this.parts.files.owner(root, step.user)
            await this.parts.files.makeDirectory(root, step.path, owner)
            return await snapshot.commit()
          },
        }
    }
  }

  /** Tells of the steps that nothing was needed of, since what was made of them was known. */
  tellSpared(target: Step | null): void {
    for (const step of stepsOf(target))
      if (!this.#results.has(step) && !this.#spared.has(step)) {
        this.run.begin(step.name).end(true)
        this.#spared.add(step)
      }
  }

  /** Resolves when every step that was begun has ended, one way or the other. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#results.values())
  }
}

async function placedBy({ place }: Prepared, solved: Solved): Promise<Solved> {
  return place ? { ...solved, snapshot: await place(solved.snapshot) } : solved
}

/** The steps whose files a step copies from or mounts. */
function originSteps(step: Exclude<Step, ImageStep>): Step[] {
  const parts = step.kind === 'run' ? step.mounts : step.kind === 'copy' ? step.copies : []
  return parts.flatMap(({ origin }) => (origin?.kind === 'snapshot' ? origin.step : []))
}
