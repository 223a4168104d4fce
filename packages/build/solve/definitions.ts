/**
 * What steps are made of, told without making any: the words of each, the files that come from outside, and the same of the
 * steps below it. A result that is known under that spares the stages that it was copied from.
 */
import type { FileSelection, Origin, Step } from '../contracts.ts'
import {
  contentOf,
  copyParts,
  definitionMark,
  directoryParts,
  type KeyParts,
  keyOf,
  runParts,
} from './key.ts'
import { openOrigin } from './origins.ts'
import type { SolveSession } from './solver.ts'

type MadeStep = Exclude<Step, { kind: 'image' }>

export class Definitions {
  readonly #session: SolveSession
  readonly #known = new Map<Step, Promise<string | null>>()

  constructor(session: SolveSession) {
    this.#session = session
  }

  /** Null where a step must run whatever is known. Rejects when files from outside cannot be had. */
  async parts(step: MadeStep): Promise<KeyParts | null> {
    const { run } = this.#session
    if (!run.usesCache(step.stage)) return null
    const below = await this.#of(step.input)
    if (below === null) return null
    const parts = await this.#own(step, below)
    return parts && { ...parts, [definitionMark]: 'yes' }
  }

  async #own(step: MadeStep, below: string): Promise<KeyParts | null> {
    if (step.kind === 'directory') return directoryParts(step, below)
    if (step.kind === 'copy') {
      const { exclude } = step
      const files = await this.#each(step.copies, ({ origin, sources }) =>
        this.#files(origin, { include: sources, exclude, followLinks: true }),
      )
      return files && copyParts(step, below, files)
    }
    const files = await this.#each(step.mounts, async ({ origin, source = '/' }) =>
      origin ? await this.#files(origin, { include: [source] }) : '',
    )
    if (!files) return null
    const byTarget = new Map(step.mounts.map(({ target = '' }, index) => [target, files[index] ?? '']))
    return runParts(step, below, byTarget, this.#session.run.request.hosts)
  }

  /** Null when it is of any. */
  async #each<T>(items: readonly T[], of: (item: T) => Promise<string | null>): Promise<string[] | null> {
    const all = await Promise.all(items.map(of))
    const known = all.filter((each) => each !== null)
    return known.length === all.length ? known : null
  }

  async #files(origin: Origin, selection: FileSelection): Promise<string | null> {
    if (origin.kind === 'snapshot') return await this.#of(origin.step)
    await using stack = new AsyncDisposableStack()
    return await (await openOrigin(this.#session, origin, stack)).digest(selection)
  }

  #of(step: Step | null): Promise<string | null> {
    if (step === null) return Promise.resolve('scratch')
    const definition = this.#known.get(step) ?? this.#made(step)
    this.#known.set(step, definition)
    return definition
  }

  async #made(step: Step): Promise<string | null> {
    if (step.kind === 'image') return contentOf(await this.#session.snapshot(step))
    const parts = await this.parts(step)
    return parts && `definition ${keyOf(parts)}`
  }
}
