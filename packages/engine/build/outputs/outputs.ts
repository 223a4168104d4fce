/** Gives out what a build has made, one output after another. */
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildEvent, BuildResult, CredentialsLookup, Snapshots } from '@gantry/build'
import type { FileSource } from '@gantry/buildkit'
import { messageOf } from '@gantry/errors'
import type { Descriptor } from '@gantry/oci'
import type { BuildSummary } from '../../contracts.ts'
import { referenceKey } from '../../images/catalog.ts'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
import type { Attestor } from '../attest/attestor.ts'
import type { CompressedLayers } from '../cache/compressed-layers.ts'
import { archiveOutput, type DeliverBlob, storeOutput } from './archive-output.ts'
import { assemble, type BuiltSet } from './assemble.ts'
import { filesOutput } from './files-output.ts'
import { builtBefore, imageOutput, namesOf } from './image-output.ts'
import type { ArchivePlan, FilesPlan, ImagePlan, OutputPlan } from './plan.ts'
import { OutputReport } from './report.ts'
import { squash } from './squash.ts'
import { nameSet } from './store-output.ts'

export interface OutputParts {
  images: ImageParts
  archive: Pick<ArchiveWorkers, 'layer' | 'export' | 'squash'>
  compressed: CompressedLayers
  snapshots: Pick<Snapshots, 'view'>
}

export interface OutputRequest {
  results: readonly BuildResult[]
  plans: readonly OutputPlan[]
  /** Make one layer of those that are not the base image's. */
  squash: boolean
  /** SOURCE_DATE_EPOCH. */
  created: Date | undefined
  credentials: CredentialsLookup
  /** Hands an archive over to the client; `output` is the number of its plan. Resolves when the client has it. */
  deliver: (output: number, archive: Readable) => Promise<void>
  /** Hands files over one by one, to clients that take no archive for them. */
  deliverTree?: (output: number, source: FileSource) => Promise<void>
  /** Into a content store of clients that have one. */
  deliverBlob?: DeliverBlob
  attestor: Attestor
  hear: (event: BuildEvent) => void
  signal: AbortSignal
}

const steps = {
  image: 'exporting to image',
  files: 'exporting to client',
  oci: 'exporting to oci image format',
  docker: 'exporting to docker image format',
} as const

/** Rejects as soon as one of the outputs fails; those before it stay. */
export async function giveOut(parts: OutputParts, request: OutputRequest): Promise<BuildSummary> {
  if (!request.squash) return new Outputs(parts, request).run()
  await using hold = parts.images.retention.begin()
  const results: BuildResult[] = []
  for (const result of request.results) results.push(await squash(parts, hold, result, request.created))
  return await new Outputs(parts, { ...request, results }).run()
}

class Outputs {
  readonly #parts: OutputParts
  readonly #request: OutputRequest
  #summary: BuildSummary = { names: [] }

  constructor(parts: OutputParts, request: OutputRequest) {
    this.#parts = parts
    this.#request = request
  }

  async run(): Promise<BuildSummary> {
    for (const [index, plan] of this.#request.plans.entries()) {
      this.#request.signal.throwIfAborted()
      if (plan.kind === 'nothing') continue
      const report = new OutputReport(
        steps[plan.kind === 'archive' ? plan.format : plan.kind],
        this.#request.hear,
      )
      try {
        if (plan.kind === 'files') await this.#files(index, plan)
        else await this.#image(index, plan, report)
        report.end()
      } catch (error) {
        report.failed(messageOf(error))
        throw error
      }
    }
    return this.#summary
  }

  async #files(index: number, plan: FilesPlan): Promise<void> {
    const { results, created, deliver, deliverTree, attestor } = this.#request
    const notes = (result: BuildResult) => attestor.notes(result, plan.attestationPrefix)
    if (plan.tree && deliverTree) {
      const { treeSource } = await import('./tree-source.ts')
      await using stack = new AsyncDisposableStack()
      const { snapshots } = this.#parts
      return await deliverTree(index, await treeSource(snapshots, results, plan, { created, notes }, stack))
    }
    return deliver(index, filesOutput(this.#parts, results, plan, { created, notes }))
  }

  async #image(index: number, plan: ImagePlan | ArchivePlan, report: OutputReport): Promise<void> {
    const { images } = this.#parts
    const { results, created, deliver, deliverBlob, attestor } = this.#request
    await using hold = images.retention.begin()
    const mayBeThere = plan.kind === 'image' && !plan.push && attestor.isSilent
    const before = mayBeThere ? await builtBefore(images, hold, results, plan) : null
    if (mayBeThere && before) {
      nameSet(images, before.set, before.stored, namesOf(plan))
      this.#summary.image = before.stored.main
      return this.#note(before.set, before.set.top, plan)
    }
    const attest = attestor.images(hold, plan.names)
    const set = await assemble(this.#parts, hold, results, plan, { created, attest })
    if (plan.kind === 'archive') {
      if (plan.inStore && deliverBlob) await storeOutput(images.content, set, plan, deliverBlob)
      else await deliver(index, archiveOutput(images.content, set, plan))
      return this.#note(set, set.top, plan)
    }
    const { id, top } = await this.#store(hold, set, plan, report)
    this.#summary.image = id
    this.#note(set, top, plan)
  }

  #store(hold: Hold, set: BuiltSet, plan: ImagePlan, report: OutputReport): ReturnType<typeof imageOutput> {
    const { credentials, signal } = this.#request
    return imageOutput(this.#parts.images, hold, set, plan, {
      credentials,
      signal,
      report: (message) => report.push(message),
    })
  }

  #note({ images }: BuiltSet, top: Descriptor, { names }: ImagePlan | ArchivePlan): void {
    const { config: _config, ...before } = this.#summary
    const { mediaType, digest, size } = top
    const [only] = images.length === 1 ? images : []
    this.#summary = {
      ...before,
      names: [...new Set([...before.names, ...names.map(referenceKey)])],
      descriptor: { mediaType, digest, size },
      ...(only && { config: only.id }),
    }
  }
}
