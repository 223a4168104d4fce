/** What all steps of one running build share. */
import type { BuildEvent, BuildRequest, Step } from '../contracts.ts'
import { contextReads } from '../plan/context-reads.ts'

export class BuildRun {
  readonly request: BuildRequest
  readonly signal: AbortSignal
  readonly #tell: (event: BuildEvent) => void
  readonly #contextPaths = new Map<string, Set<string>>()
  readonly #uncached: ReadonlySet<string>
  #lastId = 0

  constructor(request: BuildRequest, signal: AbortSignal, tell: (event: BuildEvent) => void) {
    this.request = request
    this.#uncached = new Set(request.noCacheFilter.map((stage) => stage.toLowerCase()))
    this.signal = signal
    this.#tell = tell
  }

  /** Tells of a step that begins; the returned object tells the rest of it. */
  begin(name: string): StepReport {
    const id = ++this.#lastId
    this.#tell({ type: 'step', id, name, started: new Date() })
    return new StepReport(id, this.#tell)
  }

  /** Notes what a plan reads of contexts, before any of it runs. */
  expect(step: Step | null): void {
    for (const { name, paths } of contextReads(step)) {
      const known = this.#contextPaths.get(name) ?? new Set()
      for (const path of paths) known.add(path)
      this.#contextPaths.set(name, known)
    }
  }

  /** What the build reads of a context. */
  contextPaths(name: string): string[] {
    return [...(this.#contextPaths.get(name) ?? [])]
  }

  warn(event: Omit<Extract<BuildEvent, { type: 'warning' }>, 'type'>): void {
    this.#tell({ type: 'warning', ...event })
  }

  /** Whether the cache may answer for steps of that stage. */
  usesCache(stage: string): boolean {
    return !this.request.noCache && !this.#uncached.has(stage.toLowerCase())
  }
}

/** Takes what the process of a step writes. */
export type StepOutput = (stream: 'stdout' | 'stderr', data: Buffer) => void

/** Tells what happens in one step. */
export class StepReport {
  readonly #id: number
  readonly #tell: (event: BuildEvent) => void
  #hasFailed = false

  constructor(id: number, tell: (event: BuildEvent) => void) {
    this.#id = id
    this.#tell = tell
  }

  log(stream: 'stdout' | 'stderr', data: Buffer): void {
    this.#tell({ type: 'log', id: this.#id, stream, data })
  }

  progress(what: string, current: number, total: number): void {
    this.#tell({ type: 'progress', id: this.#id, what, current, total })
  }

  /** `why`: what had changed since the step last ran, when it was not cached; empty when it never ran. */
  end(cached: boolean, why?: string): void {
    this.#tell({ type: 'end', id: this.#id, cached, ...(why !== undefined && { why }) })
  }

  /** A step that has failed, and is kept for somebody to look at, does not fail again when that is over. */
  failed(error: string): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#tell({ type: 'end', id: this.#id, cached: false, error })
  }
}
