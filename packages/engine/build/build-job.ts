/** One build, from what its client sends to what it gets. */
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { Builder, BuildRequest, BuildResult, CredentialsLookup, Snapshots } from '@gantry/build'
import { digestOf, familiarName, formatPlatform, type Reference, serializeImageConfig } from '@gantry/oci'
import type { FaultPoint } from '../containers/faults.ts'
import type { ResourceFacts } from '../containers/validate-resources.ts'
import type { BuildSummary, EngineBuildRequest, PlatformImage } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { noteParent } from '../images/intermediates.ts'
import { Attestor } from './attest/attestor.ts'
import type { AttestOptions } from './attest/options.ts'
import { factsOf } from './build-facts.ts'
import { builderRequest, platformsOf } from './builder-request.ts'
import type { CompressedLayers } from './cache/compressed-layers.ts'
import { withInlineCache } from './cache/inline.ts'
import { exportCaches, openCaches } from './cache/remote-caches.ts'
import { type RequestedCaches, whereRecordsGo } from './cache/requested.ts'
import type { FileThreads } from './files/file-threads.ts'
import type { BuildInput, InputParts, OpenInput } from './inputs.ts'
import { type NamedContexts, type OpenContexts, withContexts } from './named-contexts.ts'
import type { Exports } from './outputs/exports.ts'
import { giveOut, type OutputRequest } from './outputs/outputs.ts'
import type { OutputPlan } from './outputs/plan.ts'
import { sessionCredentials } from './session/session-credentials.ts'
import type { Telling } from './telling.ts'

export interface JobParts extends InputParts {
  builder: Builder
  snapshots: Snapshots
  archive: Pick<ArchiveWorkers, 'layer' | 'export' | 'squash'>
  compressed: CompressedLayers
  threads: Pick<FileThreads, 'run'>
  /** Of this engine. */
  version: string
  images: ImageParts
  /** What limits are judged by. */
  facts: ResourceFacts
  faults: FaultPoint
}

/** What was asked for, as far as it can be judged beforehand. */
export interface AskedBuild {
  request: EngineBuildRequest
  names: readonly Reference[]
  plans: OutputPlan[]
  attests: AttestOptions
  caches: RequestedCaches
}

/** What the build of one client has at hand until it ends. */
export interface JobSurroundings {
  opened: OpenInput
  telling: Telling
  named: NamedContexts
  exports: Exports
  /** Undone when the build has ended. */
  work: AsyncDisposableStack
}

/** What clients of BuildKit call the content store that an output goes to. */
const exportStore = 'export'

/** The input, once it is there. */
interface Materials {
  input: BuildInput
  named: OpenContexts
  credentials: CredentialsLookup
  /** What the builder is asked for. */
  asked: BuildRequest
}

interface GivenOut {
  summary: BuildSummary
  attestor: Attestor
  /** Of the build, in its provenance. */
  id: string
}

export class BuildJob {
  readonly #parts: JobParts
  readonly #asked: AskedBuild
  readonly #around: JobSurroundings
  readonly #signal: AbortSignal
  readonly #started = new Date()

  constructor(parts: JobParts, asked: AskedBuild, around: JobSurroundings) {
    this.#parts = parts
    this.#asked = asked
    this.#around = around
    this.#signal = around.opened.signal
  }

  async run(): Promise<void> {
    const materials = await this.#open()
    const { builder } = this.#parts
    const built = await builder.build(materials.asked, this.#signal, this.#around.telling.hear)
    if (this.#asked.request.check) return
    const results = this.#asked.caches.inline ? built.map(withInlineCache) : built
    const given = await this.#giveOut(materials, results)
    this.#parts.faults('build.image.published')
    await this.#giveCaches(materials, results)
    this.#tellResult(given, results)
  }

  async #open(): Promise<Materials> {
    const { request } = this.#asked
    const { opened, telling, work } = this.#around
    const lent = { ...opened.lent, platforms: platformsOf(request.platforms) }
    const named = await this.#around.named.open(request.contexts, lent, work, this.#signal)
    const input = await opened.open(telling.internal)
    if (request.tellDockerfile) telling.tell({ id: 'gantry.dockerfile', aux: input.dockerfile })
    const plain = withContexts(builderRequest(request, input, this.#parts.facts), named, this.#parts.files)
    const credentials = input.session
      ? sessionCredentials(input.session, request.credentials, this.#signal)
      : (request.credentials ?? (() => undefined))
    const debug = (shell: string): void => telling.tell({ id: 'gantry.debug', aux: { shell } })
    const asked = {
      ...plain,
      credentials,
      recordsGo: whereRecordsGo(this.#asked.caches),
      remoteCaches: await this.#openCaches(input, credentials),
      ...(request.debug && { debug }),
    }
    return { input, named, credentials, asked }
  }

  #openCaches(
    { session }: BuildInput,
    credentials: CredentialsLookup,
  ): Promise<BuildRequest['remoteCaches']> {
    const { images } = this.#parts
    const hold = this.#around.work.use(images.retention.begin())
    const options = { hold, credentials, signal: this.#signal, ...(session && { session }) }
    return openCaches(images, this.#asked.caches.sources, options, this.#around.telling.internal)
  }

  async #giveOut(
    { input, named, credentials, asked }: Materials,
    results: readonly BuildResult[],
  ): Promise<GivenOut> {
    const { request, plans, attests } = this.#asked
    const facts = factsOf(request, input, this.#started, {
      materials: [...named.materials, ...input.materials],
      locals: [...named.locals.keys()],
    })
    const attestor = new Attestor(this.#parts, attests, facts, this.#signal)
    const summary = await giveOut(this.#parts, {
      results,
      attestor,
      plans,
      squash: request.squash,
      created: asked.created,
      credentials,
      ...this.#delivery(input),
      hear: (event) => (request.events || request.trace) && this.#around.telling.hear(event),
      signal: this.#signal,
    })
    return { summary, attestor, id: facts.id }
  }

  /** To clients of BuildKit in their session; to others by a name, under which they ask for it. */
  #delivery({ session }: BuildInput): Pick<OutputRequest, 'deliver' | 'deliverTree' | 'deliverBlob'> {
    if (!this.#asked.request.trace || !session)
      return { deliver: (output, archive) => this.#offer(archive, { output }) }
    const exporter = (output: number) => ({ 'buildkit-attachable-exporter-id': String(output) })
    return {
      deliver: (output, archive) =>
        session.sendFile(archive as AsyncIterable<Buffer>, this.#signal, exporter(output)),
      deliverTree: async (output, source) =>
        void (await session.sendFiles(source, this.#signal, exporter(output))),
      deliverBlob: (blob, content) =>
        session.writeBlob({ store: exportStore, ...blob }, content, this.#signal),
    }
  }

  /** Under a name, which the client is told with what it is. */
  #offer(archive: Readable, what: { output: number } | { cache: number }): Promise<void> {
    const { exports, telling } = this.#around
    const told = (id: string): void => telling.tell({ id: 'gantry.export', aux: { id, ...what } })
    return exports.offer(archive, told, this.#signal)
  }

  async #giveCaches({ input, credentials }: Materials, results: readonly BuildResult[]): Promise<void> {
    const { session } = input
    const { telling } = this.#around
    const deliver = (cache: number, archive: Readable): Promise<void> => this.#offer(archive, { cache })
    const request = { results, credentials, deliver, signal: this.#signal, ...(session && { session }) }
    const stored = await exportCaches(this.#parts, this.#asked.caches.targets, request, telling.internal)
    if (stored) telling.tell({ id: 'gantry.cache', aux: stored })
  }

  #tellResult({ summary, attestor, id }: GivenOut, results: readonly BuildResult[]): void {
    const { request, names } = this.#asked
    const { telling } = this.#around
    const provenance = request.tellProvenance ? { provenance: attestor.metadata(results) } : {}
    const aux = { ...summary, ref: `default/default/${id}`, ...provenance }
    if (request.events || request.tellResult) telling.tell({ id: 'gantry.result', aux })
    if (request.tellImages)
      telling.tell({ id: 'gantry.images', aux: results.map((each) => this.#imageOf(each)) })
    if (summary.image === undefined) return
    const lineage = telling.lineage(summary.image)
    if (lineage) noteParent(this.#parts.images, lineage.id, lineage.parent)
    telling.done(summary.image, names.map(familiarName))
  }

  /** What is no image stays a note of one, as long as the cache has its layers. */
  #imageOf({ config, platform }: BuildResult): PlatformImage {
    const { catalog, intermediates } = this.#parts.images
    const id = digestOf(serializeImageConfig(config))
    const known = catalog.get(id)
    if (!known || known.retired) intermediates.note(id, config)
    return { platform: formatPlatform(platform), image: id }
  }
}
