/** The steps of a build for its provenance: BuildKit's low-level definition of them, and where they stand in the Dockerfile. */
import {
  type BuildResult,
  type ImageStep,
  type Origin,
  type RunStep,
  type Step,
  stepsOf,
} from '@gantry/build'
import { type Platform, parseReference } from '@gantry/oci'
import { referenceKey } from '../../images/catalog.ts'
import { layoutRepository } from '../named-contexts.ts'
import { copyOperation, directoryOperation, idOf, runOperation, sourceOperation } from './operations.ts'

export interface BuildSteps {
  definition: object[]
  /** The Dockerfile, and its lines for each step. */
  source: object
  /** No process of the build could reach a network. */
  hermetic: boolean
  secrets: object[]
  ssh: object[]
}

/** All that a result needed, each step behind those that it needs itself. */
export function buildSteps(
  { step: last, bases }: Pick<BuildResult, 'step' | 'bases'>,
  { dockerfile, dockerfileName }: { dockerfile: string; dockerfileName: string },
): BuildSteps {
  const steps = stepsOf(last)
  const definition = new Definition(bases)
  for (const step of steps)
    if (step.kind === 'image') definition.addImage(step)
    else definition.add(step)
  const runs = steps.filter((step) => step.kind === 'run')
  return {
    definition: definition.operations,
    source: {
      locations: definition.locations,
      infos: [
        {
          filename: dockerfileName,
          language: 'Dockerfile',
          data: Buffer.from(dockerfile).toString('base64'),
        },
      ],
    },
    hermetic: runs.every(({ network }) => network === 'none'),
    secrets: mountsOf(runs, 'secret'),
    ssh: mountsOf(runs, 'ssh'),
  }
}

/** Grows by a step at a time, each behind those that it needs. */
class Definition {
  readonly operations: object[] = []
  readonly locations: Record<string, object> = {}
  readonly #bases: BuildResult['bases']
  /** Of steps, and of what comes from elsewhere, which has no step. */
  readonly #ids = new Map<Step | string, string>()

  constructor(bases: BuildResult['bases']) {
    this.#bases = bases
  }

  add(step: Exclude<Step, ImageStep>): void {
    const origins = originsOf(step).filter((origin) => !isEmpty(origin))
    for (const origin of origins) this.#addSource(origin, step)
    const before = step.input ? [this.#idOf(step.input)] : []
    const inputs = [...new Set([...before, ...origins.map((origin) => this.#idOf(keyOf(origin)))])]
    const base = before.length > 0 ? 0 : -1
    const inputOf = (origin: Origin): number =>
      isEmpty(origin) ? -1 : inputs.indexOf(this.#idOf(keyOf(origin)))
    this.#put(step, this.#operation(step, base, inputs.length, inputOf), step, inputs)
  }

  /** Stages that begin with the same image share it. */
  addImage(step: ImageStep): void {
    const identifier = this.#imageOf(step)
    const key = JSON.stringify([identifier, platformOf(step.platform)])
    if (!this.#ids.has(key)) this.#put(key, { source: { identifier } }, step, [])
    this.#ids.set(step, this.#idOf(key))
  }

  #addSource(origin: Origin, { lines }: Step): void {
    const key = keyOf(origin)
    if (origin.kind !== 'snapshot' && !this.#ids.has(key))
      this.#put(key, sourceOperation(origin), { lines }, [])
  }

  #operation(
    step: Exclude<Step, ImageStep>,
    base: number,
    inputs: number,
    inputOf: (origin: Origin) => number,
  ): object {
    switch (step.kind) {
      case 'run':
        return runOperation(step, base, inputOf)
      case 'copy':
        return copyOperation(step, base, inputs, inputOf)
      case 'directory':
        return directoryOperation(step, base)
    }
  }

  #imageOf(step: ImageStep): string {
    const digest = this.#bases.get(step)
    if (digest && step.reference.startsWith(layoutRepository)) return `oci-layout://${digest}`
    const name = referenceKey(parseReference(step.reference))
    return `docker-image://${name}${digest && !name.includes('@') ? `@${digest}` : ''}`
  }

  #put(
    key: Step | string,
    operation: object,
    { lines, platform }: Pick<Step, 'lines'> & Partial<Pick<Step, 'platform'>>,
    inputs: readonly string[],
  ): void {
    const id = `step${this.operations.length}`
    this.#ids.set(key, id)
    this.operations.push({
      id,
      op: { Op: operation, ...(platform && { platform: platformOf(platform) }) },
      ...(inputs.length > 0 && { inputs: inputs.map((input) => `${input}:0`) }),
    })
    this.locations[id] = {
      locations: [{ ranges: [{ start: { line: lines.first }, end: { line: lines.last } }] }],
    }
  }

  #idOf(key: Step | string): string {
    return this.#ids.get(key) ?? ''
  }
}

function originsOf(step: Step): Origin[] {
  if (step.kind === 'copy') return step.copies.map(({ origin }) => origin)
  return step.kind === 'run' ? step.mounts.flatMap(({ origin }) => origin ?? []) : []
}

/** The same source is told once. */
const keyOf = (origin: Origin): Step | string =>
  origin.kind === 'snapshot' ? origin.step : JSON.stringify(origin)

/** `scratch` has nothing. */
const isEmpty = (origin: Origin): boolean => origin.kind === 'documents' && origin.documents.length === 0

const platformOf = ({ os, architecture, variant }: Platform): object => ({
  Architecture: architecture,
  OS: os,
  ...(variant && { Variant: variant }),
})

/** What processes were given under a name; not what it was. Only what none of them needed is optional. */
function mountsOf(runs: readonly RunStep[], type: 'secret' | 'ssh'): object[] {
  const needed = new Map<string, boolean>()
  for (const mount of runs.flatMap(({ mounts }) => mounts))
    if (mount.type === type)
      needed.set(idOf(mount), (needed.get(idOf(mount)) ?? false) || (mount.required ?? false))
  return [...needed].map(([id, isNeeded]) => ({ id, ...(!isNeeded && { optional: true }) }))
}
