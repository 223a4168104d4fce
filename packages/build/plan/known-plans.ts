/**
 * Plans that were made before. A plan depends on nothing but its options and what it asked of the outside: where all of
 * that gets the same answers again, it is the same plan.
 */
import type { Dockerfile } from '@gantry/dockerfile'
import type { ImageConfigFile, Platform } from '@gantry/oci'
import { Recent } from '../recent.ts'
import type { NamedContext } from './named-contexts.ts'
import { type Plan, type PlanOptions, type PlanSurroundings, planTarget } from './planner.ts'

/** Of one Dockerfile: some have several targets, or arguments that change. */
const mostPlans = 4
/**
 * Variables and entries of history in all states of a plan: each state has those of the one before it, so that a Dockerfile of some
 * kilobytes can make millions. Such a plan is not kept.
 */
const mostEntries = 20_000

interface KnownPlan {
  plan: Plan
  asked: Asked
}

export class KnownPlans {
  readonly #dockerfile: Dockerfile
  readonly #plans = new Recent<string, KnownPlan>(mostPlans)

  constructor(dockerfile: Dockerfile) {
    this.#dockerfile = dockerfile
  }

  /** As `planTarget`. */
  async plan(options: PlanOptions, surroundings: PlanSurroundings): Promise<Plan> {
    const { ignores, args, ...plain } = options
    const key = JSON.stringify([plain, [...args], ignores !== undefined])
    const known = this.#plans.get(key)
    if (known && (await known.asked.isAnsweredAlike(options, surroundings))) return known.plan
    const asked = new Asked()
    const plan = await planTarget(
      this.#dockerfile,
      { ...options, ...(ignores && { ignores: asked.ofIgnores(ignores) }) },
      asked.of(surroundings),
    )
    if (entriesOf(plan) <= mostEntries) this.#plans.set(key, { plan, asked })
    return plan
  }
}

function entriesOf({ stages }: Plan): number {
  const states = stages.flatMap((stage) => stage.states)
  return states.reduce((sum, { config, history }) => sum + 1 + (config.Env?.length ?? 0) + history.length, 0)
}

/** What was asked while a plan was made, with the answers. */
class Asked {
  readonly #images: { reference: string; platform: Platform; config: ImageConfigFile }[] = []
  readonly #contexts: { name: string; platform: Platform; context: NamedContext | null }[] = []
  readonly #ignored = new Map<string, boolean>()

  of({ imageConfig, namedContext }: PlanSurroundings): PlanSurroundings {
    return {
      imageConfig: async (reference, platform) => {
        const config = await imageConfig(reference, platform)
        this.#images.push({ reference, platform, config })
        return config
      },
      namedContext: (name, platform) => {
        const context = namedContext(name, platform)
        this.#contexts.push({ name, platform, context })
        return context
      },
    }
  }

  ofIgnores(ignores: (path: string) => boolean): (path: string) => boolean {
    return (path) => {
      const isIgnored = ignores(path)
      this.#ignored.set(path, isIgnored)
      return isIgnored
    }
  }

  /** Images are the same when their configurations are the same objects: whoever reads one keeps it. */
  async isAnsweredAlike(
    { ignores }: PlanOptions,
    { imageConfig, namedContext }: PlanSurroundings,
  ): Promise<boolean> {
    for (const { name, platform, context } of this.#contexts)
      if (!isSame(namedContext(name, platform), context)) return false
    for (const [path, isIgnored] of this.#ignored) if (ignores?.(path) !== isIgnored) return false
    const configs = await Promise.all(
      // What cannot be had is told of where it is needed.
      this.#images.map(({ reference, platform }) => imageConfig(reference, platform).catch(() => null)),
    )
    return this.#images.every(({ config }, index) => config === configs[index])
  }
}

function isSame(one: NamedContext | null, other: NamedContext | null): boolean {
  if (one === null || other === null || one === 'files' || other === 'files') return one === other
  return one.reference === other.reference && one.shown === other.shown
}
