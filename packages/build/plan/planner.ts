/** From a Dockerfile to the steps that a target needs. */

import {
  type Dockerfile,
  DockerfileProblem,
  type Finding,
  GlobalScope,
  type LineRange,
  type Stage,
  suggestion,
} from '@gantry/dockerfile'
import { formatPlatform, type ImageConfigFile, type Platform } from '@gantry/oci'
import type { ImageStep, NamedImage, Origin, Step, Target } from '../contracts.ts'
import { StepError, unresolved } from '../step-failure.ts'
import { automaticArguments } from './automatic.ts'
import type { NamedContext } from './named-contexts.ts'
import { StagePlan } from './stage-plan.ts'

export interface PlanOptions {
  /** Name or number of the stage to build; the last one by default. */
  target?: string
  args: ReadonlyMap<string, string>
  platform: Platform
  /** The result is for `platform`, also where its base image is for another. */
  isForPlatform?: boolean
  /** The platform of the machine that builds. */
  host: Platform
  network: string
  /** Whether several platforms are built: then names of steps tell which. */
  several?: boolean
  /** Whether the ignore file keeps a path out of the main context. */
  ignores?: (path: string) => boolean
  /** The history is to have the classic builder's words. */
  classic?: boolean
}

/** The target, and all stages that it needs, in the order of the Dockerfile. */
export interface Plan {
  target: Target
  stages: readonly Target[]
  /** Build checks that need more than the Dockerfile: variables of bases, what is ignored. */
  findings: readonly Finding[]
}

/** What planning asks of the outside. */
export interface PlanSurroundings {
  /** The configuration of a base image. Rejects when it cannot be had. */
  imageConfig(reference: string, platform: Platform): Promise<ImageConfigFile>
  /**
   * What a named context stands for, which goes before stages and images of that name: an image's reference, a tree of files, or
   * nothing. It may have another image for each platform.
   */
  namedContext(name: string, platform: Platform): NamedContext | null
}

/** Rejects with DockerfileProblem. */
export async function planTarget(
  dockerfile: Dockerfile,
  options: PlanOptions,
  surroundings: PlanSurroundings,
): Promise<Plan> {
  const planner = new Planner(dockerfile, options, surroundings)
  const target = await planner.target()
  return { target, stages: planner.planned(), findings: planner.findings }
}

/** A stage that is planned, or whose planning is under way: a second request for the latter is a cycle. */
type Planned = { state: 'running' } | { state: 'done'; target: Target }

export class Planner {
  readonly dockerfile: Dockerfile
  readonly options: PlanOptions
  readonly globals: GlobalScope
  readonly findings: Finding[] = []
  readonly #surroundings: PlanSurroundings
  readonly #stages = new Map<number, Planned>()
  readonly #imageSteps = new Map<string, ImageStep>()
  readonly #images = new Map<string, Promise<ImageConfigFile>>()

  constructor(dockerfile: Dockerfile, options: PlanOptions, surroundings: PlanSurroundings) {
    this.dockerfile = dockerfile
    this.options = options
    this.#surroundings = surroundings
    const automatic = automaticArguments(options.host, options.platform, options.target)
    this.globals = new GlobalScope(dockerfile.globals, options.args, automatic, dockerfile.directives.escape)
  }

  async target(): Promise<Target> {
    const target = await this.#targetStage()
    const { platform, isForPlatform } = this.options
    if (!isForPlatform) return target
    const { os, architecture } = target.platform
    const isSame = os === platform.os && architecture === platform.architecture
    return { ...target, platform: isSame ? { ...target.platform, ...platform } : platform }
  }

  async #targetStage(): Promise<Target> {
    const { stages } = this.dockerfile
    const { target } = this.options
    if (stages.length === 0) throw new DockerfileProblem('dockerfile contains no stages to build')
    if (target === undefined || target === '') return this.stage(stages.length - 1)
    const index = this.indexOf(target) ?? this.#number(target)
    if (index === null) {
      const names = stages.flatMap(({ name }) => name ?? [])
      throw new DockerfileProblem(
        `target stage ${JSON.stringify(target)} could not be found${suggestion(target, names)}`,
      )
    }
    return this.stage(index)
  }

  /** The stages that have been planned, in the order of the Dockerfile. */
  planned(): Target[] {
    return [...this.#stages]
      .sort(([a], [b]) => a - b)
      .flatMap(([, planned]) => (planned.state === 'done' ? planned.target : []))
  }

  /** The stage of that name, before the given one when it says so (later stages of the same name hide earlier ones). */
  indexOf(name: string, before = this.dockerfile.stages.length): number | null {
    const index = this.dockerfile.stages
      .slice(0, before)
      .findLastIndex((stage) => stage.name === name.toLowerCase())
    return index < 0 ? null : index
  }

  #number(text: string): number | null {
    return /^\d+$/.test(text) && Number(text) < this.dockerfile.stages.length ? Number(text) : null
  }

  async stage(index: number): Promise<Target> {
    const planned = this.#stages.get(index)
    const stage = this.#stageAt(index)
    if (planned?.state === 'done') return planned.target
    if (planned)
      throw new DockerfileProblem(`circular dependency detected on stage: ${this.label(index)}`, stage.lines)
    this.#stages.set(index, { state: 'running' })
    const target = await new StagePlan(this, stage, index).plan()
    this.#stages.set(index, { state: 'done', target })
    return target
  }

  #stageAt(index: number): Stage {
    const stage = this.dockerfile.stages[index]
    if (!stage) throw new DockerfileProblem(`invalid stage index ${index}`)
    return stage
  }

  /** How a stage is called in names of steps: its name, or `stage-1`; nothing for the only one. */
  label(index: number): string {
    return this.#stageAt(index).name ?? (this.dockerfile.stages.length > 1 ? `stage-${index}` : '')
  }

  /** `linux/arm64 ` when several platforms are built; `linux/amd64->arm64 ` for what runs here and is for another. */
  platformLabel(platform: Platform): string {
    if (!this.options.several) return ''
    const { os, architecture, variant } = this.options.platform
    const target = [...(os === platform.os ? [] : [os]), architecture, ...(variant ? [variant] : [])].join(
      '/',
    )
    const isOther = os !== platform.os || architecture !== platform.architecture
    return `${formatPlatform(platform)}${isOther ? `->${target}` : ''} `
  }

  imageConfig(
    { reference, shown }: NamedImage,
    platform: Platform,
    lines: LineRange,
  ): Promise<ImageConfigFile> {
    const key = `${reference} ${formatPlatform(platform)}`
    const config = this.#images.get(key) ?? this.#surroundings.imageConfig(reference, platform)
    this.#images.set(key, config)
    return config.catch((error) => {
      throw new StepError(error, { name: `FROM ${shown}`, lines }, unresolved(shown, error))
    })
  }

  namedContext(name: string, platform: Platform): NamedContext | null {
    return this.#surroundings.namedContext(name, platform)
  }

  /** What `--from` and `from=` name: an earlier or later stage, its number, a named context, or an image. */
  async origin(from: string, lines: LineRange, stageIndex: number, platform: Platform): Promise<Origin> {
    const number = this.#number(from)
    if (/^\d+$/.test(from) && (number === null || number >= stageIndex))
      throw new DockerfileProblem(`invalid stage index ${from}`, lines)
    const context = number === null ? this.namedContext(from, platform) : null
    const index = number ?? this.indexOf(from)
    if (context === null && index !== null) return this.#snapshotOf((await this.stage(index)).step)
    if (context === 'files') return { kind: 'context', name: from }
    const image = context ?? { reference: from, shown: from }
    if (image.reference === 'scratch') return { kind: 'documents', documents: [] }
    return { kind: 'snapshot', step: this.#imageStep(from, image, lines, platform) }
  }

  /** The same for all that need the image by this name: it is told of once. */
  #imageStep(
    from: string,
    { reference, shown }: NamedImage,
    lines: LineRange,
    platform: Platform,
  ): ImageStep {
    const name = `[${this.platformLabel(platform)}${from}] FROM ${shown}`
    const key = `${name} ${formatPlatform(platform)}`
    const known = this.#imageSteps.get(key)
    const place = { name, description: name, stage: from, lines, platform }
    const step = known ?? { kind: 'image', ...place, reference, shown }
    this.#imageSteps.set(key, step)
    return step
  }

  #snapshotOf(step: Step | null): Origin {
    return step ? { kind: 'snapshot', step } : { kind: 'documents', documents: [] }
  }
}
