/** Builds: a Dockerfile is read and planned, what the target needs is solved, and an image's configuration put together. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Dockerfile } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import {
  type Digest,
  type HistoryEntry,
  hostPlatform,
  type ImageConfigFile,
  type Platform,
} from '@gantry/oci'
import { Checks } from './checks.ts'
import type { BuildEvent, Builder, BuildRequest, BuildResult, ImageStep, Step, Target } from './contracts.ts'
import { KnownDockerfiles, type ReadDockerfile } from './known-dockerfiles.ts'
import { tellPlan, unusedArguments, withLabels } from './plan/classic.ts'
import { KnownPlans } from './plan/known-plans.ts'
import { namedContexts } from './plan/named-contexts.ts'
import type { Plan } from './plan/planner.ts'
import { BuildRun } from './solve/build-run.ts'
import { Solver, type SolverParts, type SolveSession } from './solve/solver.ts'
import { stepsOf } from './steps.ts'

/** The builder upon what the engine provides. */
export function createBuilder(parts: SolverParts): Builder {
  const solver = new Solver(parts)
  const dockerfiles = new KnownDockerfiles()
  return {
    async build(request, signal, tell) {
      const read = dockerfiles.read(request.dockerfile)
      try {
        return await new Build(solver, request, read, signal, tell).results()
      } finally {
        parts.cache.flushSoon()
      }
    },
  }
}

/** How many states are told before others have their turn in the event loop. */
const statesOfTurn = 20

class Build {
  readonly #request: BuildRequest
  readonly #read: ReadDockerfile
  readonly #dockerfile: Dockerfile
  readonly #plans: KnownPlans
  readonly #session: SolveSession
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  readonly #tell: (event: BuildEvent) => void
  readonly #telling: Promise<void>[] = []
  /** Rejects as soon as a step fails, whatever else runs. */
  readonly #failure = Promise.withResolvers<never>()

  constructor(
    solver: Solver,
    request: BuildRequest,
    read: ReadDockerfile,
    signal: AbortSignal,
    tell: (event: BuildEvent) => void,
  ) {
    this.#request = request
    this.#tell = tell
    this.#read = read
    const { dockerfile, plans } = read
    this.#dockerfile = request.classic ? withLabels(dockerfile, request.labels, request.target) : dockerfile
    this.#plans = this.#dockerfile === dockerfile ? plans : new KnownPlans(this.#dockerfile)
    this.#signal = AbortSignal.any([signal, this.#abort.signal])
    this.#failure.promise.catch(() => undefined)
    this.#session = solver.session(new BuildRun(request, this.#signal, tell), this.#failure.reject)
  }

  /** One result for each platform. When one fails, everything else of this build is ended before it rejects. */
  async results(): Promise<BuildResult[]> {
    const { platforms, checkOnly } = this.#request
    const checked = new Checks(this.#request, this.#read, this.#tell)
    if (checkOnly) {
      checked.findings((await this.#plan(platforms[0] ?? hostPlatform())).findings)
      return []
    }
    const running: Promise<BuildResult>[] = []
    try {
      const plans = await Promise.all(platforms.map((platform) => this.#plan(platform)))
      for (const { target, findings } of plans) {
        checked.findings(findings)
        this.#session.run.expect(target.step)
      }
      running.push(...plans.map((plan) => this.#result(plan)))
      const results = await Promise.race([Promise.all(running), this.#failure.promise])
      await Promise.all(this.#telling)
      for (const { target } of plans) this.#session.tellSpared(target.step)
      const names = unusedArguments(this.#dockerfile, this.#request.args, plans)
      if (names.length > 0) this.#tell({ type: 'unused-arguments', names })
      return results
    } catch (error) {
      this.#abort.abort(new GantryError('Cancelled', 'the build has failed'))
      await Promise.allSettled([...running, ...this.#telling])
      await this.#session.settled()
      throw error
    }
  }

  #plan(platform: Platform): Promise<Plan> {
    const { args, target, network, platforms, platformsGiven, namedImages, classic, ignores } = this.#request
    return this.#plans.plan(
      {
        args,
        platform,
        host: hostPlatform(),
        network,
        ...(target !== undefined && { target }),
        several: platforms.length > 1,
        // The classic builder's images are for what their base images are for.
        isForPlatform: platformsGiven && !classic,
        classic,
        ...(ignores && { ignores }),
      },
      {
        imageConfig: (reference, wanted) => this.#imageConfig(reference, wanted),
        namedContext: namedContexts(namedImages, this.#request.contexts),
      },
    )
  }

  async #result(plan: Plan): Promise<BuildResult> {
    const planned = plan.target
    if (this.#request.classic) this.#telling.push(this.#tellStates(plan))
    const snapshot = await this.#session.snapshot(planned.step)
    return {
      platform: planned.platform,
      config: await this.#config(planned),
      snapshot,
      records: this.#session.records,
      baseLayers: await this.#baseLayers(planned.step),
      step: planned.step,
      bases: await this.#bases(planned.step),
    }
  }

  async #bases(step: Step | null): Promise<Map<ImageStep, Digest>> {
    const bases = new Map<ImageStep, Digest>()
    for (const each of stepsOf(step)) {
      const digest = each.kind === 'image' ? (await this.#session.solve(each)).digest : undefined
      if (each.kind === 'image' && digest) bases.set(each, digest)
    }
    return bases
  }

  async #baseLayers(step: Step | null): Promise<number> {
    if (step === null) return 0
    if (step.kind !== 'image') return this.#baseLayers(step.input)
    return (await this.#session.snapshot(step)).layers.length
  }

  /** Tells the plan, and each of its states as soon as it is reached. */
  async #tellStates(plan: Plan): Promise<void> {
    const { globals } = this.#dockerfile
    this.#tell({ type: 'plan', instructions: tellPlan(globals, plan) })
    let index = globals.length
    for (const stage of plan.stages)
      for (const state of stage.states) {
        const { image } = state.made ? await this.#session.solve(state.made) : {}
        const config = await this.#config({ ...state, platform: stage.platform })
        this.#tell({ type: 'state', index, config, ...(image && { id: image }) })
        // Each has the history of all before it, which is more work the more there are.
        if (++index % statesOfTurn === 0) await nextTurn()
      }
  }

  async #imageConfig(reference: string, platform: Platform): Promise<ImageConfigFile> {
    return (await this.#session.image(reference, platform)).config
  }

  async #config(
    target: Pick<Target, 'step' | 'config' | 'history' | 'platform' | 'author'>,
  ): Promise<ImageConfigFile> {
    const { labels, created, classic } = this.#request
    const snapshot = await this.#session.snapshot(target.step)
    const history = await this.#history(target)
    const last = timeOf(created) ?? history.at(-1)?.created ?? new Date().toISOString()
    const { config, platform, author } = target
    return {
      ...platform,
      created: last,
      ...(author !== undefined && { author }),
      config:
        !classic && Object.keys(labels).length > 0
          ? { ...config, Labels: { ...config.Labels, ...labels } }
          : config,
      diffIds: snapshot.layers.map(({ diffId }) => diffId),
      history,
    }
  }

  /** The entries of this build get their steps' times; those without a layer the time of the step before them, or else of the first one. */
  async #history({ history, step }: Pick<Target, 'history' | 'step'>): Promise<HistoryEntry[]> {
    const times = await this.#times(step)
    const fixed = timeOf(this.#request.created)
    let latest =
      fixed ?? times[0] ?? history.findLast(({ created }) => created)?.created ?? new Date().toISOString()
    return history.map((entry) => {
      if (entry.created !== undefined || entry.comment === undefined) return entry
      if (!entry.empty_layer) latest = fixed ?? times.shift() ?? latest
      const { comment, ...rest } = entry
      return { ...rest, created: latest, ...(comment !== '' && { comment }) }
    })
  }

  /** When each step above the base ran, the first one first. */
  async #times(step: Step | null): Promise<string[]> {
    if (step === null || step.kind === 'image') return []
    return [...(await this.#times(step.input)), (await this.#session.solve(step)).createdAt]
  }
}

/** RFC 3339 without a fraction, as SOURCE_DATE_EPOCH has none. */
const timeOf = (created: Date | undefined): string | undefined =>
  created?.toISOString().replace(/\.\d+Z$/, 'Z')
