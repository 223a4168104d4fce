/** Image builds as the API asks for them. */
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import {
  asSeveralPlatforms,
  type BuildEvent,
  type Builder,
  type BuildRequest,
  type Snapshots,
  StepError,
  sandboxHostname,
} from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { familiarName, formatPlatform, hostPlatform, type Platform, parsePlatform } from '@gantry/oci'
import type { ConsoleSize } from '@gantry/runtime'
import type { FaultPoint } from '../containers/faults.ts'
import { validateExtraHost } from '../containers/validate.ts'
import { type ResourceFacts, validateResources } from '../containers/validate-resources.ts'
import type {
  AttachSession,
  Builds,
  EngineBuildRequest,
  HoldSession,
  LayoutImage,
  ProgressMessage,
} from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { noteParent } from '../images/intermediates.ts'
import { progressOf } from '../images/load/progress.ts'
import { parseTarget } from '../images/tag.ts'
import { Attestor } from './attest/attestor.ts'
import { attestOptions } from './attest/options.ts'
import { factsOf } from './build-facts.ts'
import type { CacheService } from './cache/cache-service.ts'
import type { CompressedLayers } from './cache/compressed-layers.ts'
import { withInlineCache } from './cache/inline.ts'
import { exportCaches, openCaches } from './cache/remote-caches.ts'
import { requestedCaches } from './cache/requested.ts'
import { classicRefusal, describe } from './classic-errors.ts'
import { ClassicProgress } from './classic-progress.ts'
import type { FileThreads } from './files/file-threads.ts'
import { type BuildInput, BuildInputs, type InputParts } from './inputs.ts'
import { OutputLimit } from './kept-output.ts'
import { NamedContexts, withContexts } from './named-contexts.ts'

import { Exports } from './outputs/exports.ts'
import { giveOut, type OutputRequest } from './outputs/outputs.ts'
import { planOutputs } from './outputs/plan.ts'
import { QuietEvents } from './quiet-events.ts'
import { sessionCredentials } from './session/session-credentials.ts'
import type { BuildSnapshots } from './snapshots.ts'
import { StepNumbers } from './step-numbers.ts'
import type { StepShells } from './steps/shells.ts'

export interface BuildParts extends InputParts {
  builder: Builder
  snapshots: BuildSnapshots & Snapshots
  archive: Pick<ArchiveWorkers, 'layer' | 'export' | 'squash'>
  compressed: CompressedLayers
  threads: Pick<FileThreads, 'run'>
  /** Of this engine. */
  version: string
  caches: CacheService
  shells: StepShells
  images: ImageParts
  /** What limits are judged by. */
  facts: ResourceFacts
  faults: FaultPoint
}

export class BuildService implements Builds {
  readonly #parts: BuildParts
  readonly #exports = new Exports()
  readonly #named: NamedContexts
  readonly #inputs: BuildInputs

  constructor(parts: BuildParts) {
    this.#parts = parts
    this.#named = new NamedContexts(parts.contexts, parts.images)
    this.#inputs = new BuildInputs(parts)
  }

  build(archive: Readable, request: EngineBuildRequest): AsyncIterable<ProgressMessage> {
    const names = request.tags.map((tag) => parseTarget(tag))
    for (const host of request.hosts) validateExtraHost(host)
    const asSeveral = asSeveralPlatforms(request.args, platformsOf(request.platforms).length)
    const plans = planOutputs(request.outputs, request.tags, asSeveral)
    sandboxHostname(request.args) // refused before anything is read
    const attests = attestOptions(request.attests)
    const caches = requestedCaches(request)
    return progressOf(async (tell, abandoned, isBehind) => {
      await using work = new AsyncDisposableStack()
      work.defer(() => this.#parts.caches.soon())
      const opened = work.use(await this.#inputs.begin(request, archive, abandoned))
      const { signal } = opened
      this.#parts.faults('build.context.received')
      const progress = await this.#progress(request, tell)
      const numbers = new StepNumbers()
      const quiet = request.quiet && request.events ? new QuietEvents() : null
      const output = new OutputLimit(isBehind)
      let begun = false
      const hear = (event: BuildEvent): void => {
        begun = true
        const limited = output.limit(event)
        if (limited === null) return
        const numbered = numbers.numbered(limited)
        const shown = quiet?.told(numbered) ?? [numbered]
        if (!request.events) progress.event(numbered)
        else for (const aux of shown) tell({ id: 'gantry.build', aux })
      }
      work.use(this.#parts.snapshots.begin())
      try {
        const started = new Date()
        const named = await this.#named.open(request.contexts, opened.lent, work, signal)
        const input = await opened.open(numbers.internal(hear))
        if (request.tellDockerfile) tell({ id: 'gantry.dockerfile', aux: input.dockerfile })
        const plain = withContexts(this.#request(request, input), named, this.#parts.files)
        const debug = (shell: string): void => tell({ id: 'gantry.debug', aux: { shell } })
        const credentials = input.session
          ? sessionCredentials(input.session, request.credentials, signal)
          : (request.credentials ?? (() => undefined))
        const told = numbers.internal(hear)
        const hold = work.use(this.#parts.images.retention.begin())
        const { session } = input
        const importing = { hold, credentials, signal, ...(session && { session }) }
        const remoteCaches = await openCaches(this.#parts.images, caches.sources, importing, told)
        const asked = { ...plain, credentials, remoteCaches, ...(request.debug && { debug }) }
        const built = await this.#parts.builder.build(asked, signal, hear)
        const results = caches.inline ? built.map(withInlineCache) : built
        if (request.check) return
        const facts = factsOf(request, input, started, {
          materials: [...named.materials, ...input.materials],
          locals: named.locals,
        })
        const attestor = new Attestor(this.#parts, attests, facts, signal)
        const summary = await giveOut(this.#parts, {
          results,
          attestor,
          plans,
          squash: request.squash,
          created: asked.created,
          credentials,
          ...this.#delivery(request, input, tell, signal),
          hear: (event) => (request.events || request.trace) && hear(event),
          signal,
        })
        this.#parts.faults('build.image.published')
        const deliver = (cache: number, archive: Readable): Promise<void> =>
          this.#exports.offer(archive, (id) => tell({ id: 'gantry.export', aux: { id, cache } }), signal)
        const exporting = { results, credentials, deliver, signal, ...(session && { session }) }
        const stored = await exportCaches(this.#parts, caches.targets, exporting, told)
        if (stored) tell({ id: 'gantry.cache', aux: stored })
        const ref = `default/default/${facts.id}`
        const aux = { ...summary, ref, provenance: attestor.metadata(results) }
        if (request.events || request.tellResult) tell({ id: 'gantry.result', aux })
        if (summary.image !== undefined) {
          const lineage = progress.lineage(summary.image)
          if (lineage) noteParent(this.#parts.images, lineage.id, lineage.parent)
          progress.done(summary.image, names.map(familiarName))
        }
      } catch (error) {
        if (!begun && !(request.events && error instanceof StepError))
          throw new GantryError(
            'InvalidParameter',
            request.events ? describe(error) : classicRefusal(error, request.dockerfile),
            {
              cause: error,
            },
          )
        if (request.events) tell({ error: describe(error), errorDetail: detailOf(error) })
        else progress.failed(error)
      }
    })
  }

  /** To clients of BuildKit in their session; to others by a name, under which they ask for it. */
  #delivery(
    { trace }: EngineBuildRequest,
    { session }: BuildInput,
    tell: (message: ProgressMessage) => void,
    signal: AbortSignal,
  ): Pick<OutputRequest, 'deliver' | 'deliverTree'> {
    if (!trace || !session)
      return {
        deliver: (output, archive) =>
          this.#exports.offer(archive, (id) => tell({ id: 'gantry.export', aux: { id, output } }), signal),
      }
    const exporter = (output: number) => ({ 'buildkit-attachable-exporter-id': String(output) })
    return {
      deliver: (output, archive) =>
        session.sendFile(archive as AsyncIterable<Buffer>, signal, exporter(output)),
      deliverTree: async (output, source) => void (await session.sendFiles(source, signal, exporter(output))),
    }
  }

  async #progress(
    request: EngineBuildRequest,
    tell: (message: ProgressMessage) => void,
  ): Promise<Pick<ClassicProgress, 'event' | 'done' | 'failed' | 'lineage'>> {
    const { quiet, remove, forceRemove, noCache } = request
    const { intermediates } = this.#parts.images
    if (!request.trace)
      return new ClassicProgress(tell, intermediates, { quiet, remove, forceRemove, noCache })
    const { TraceProgress } = await import('./session/trace-progress.ts')
    return new TraceProgress(tell)
  }

  session(headers: Parameters<Builds['session']>[0]): Promise<HoldSession> {
    return this.#inputs.session(headers)
  }

  dismiss(refused: Parameters<Builds['dismiss']>[0]): Promise<void> {
    return this.#inputs.dismiss(refused)
  }

  async control(): Promise<HoldSession> {
    const { caches, version } = this.#parts
    const { serve } = await import('@gantry/buildkit')
    const { ControlService } = await import('./control/control-service.ts')
    return async (connection, signal) => {
      const service = new ControlService({ builds: this, caches, version })
      const close = (): void => void connection.destroy()
      signal.addEventListener('abort', close, { once: true })
      try {
        await serve(connection, service.services())
      } finally {
        signal.removeEventListener('abort', close)
        service.close()
      }
    }
  }

  joinShell(id: string): Promise<AttachSession> {
    return this.#parts.shells.join(id)
  }

  resizeShell(id: string, size: ConsoleSize): Promise<void> {
    return this.#parts.shells.resize(id, size)
  }

  upload(buildId: string, archive: Readable, signal: AbortSignal): Promise<void> {
    return this.#inputs.running.upload(buildId, archive, signal)
  }

  cancel(buildId: string): void {
    this.#inputs.running.cancel(buildId)
  }

  #request(request: EngineBuildRequest, { dockerfile, ignores, sources }: BuildInput): BuildRequest {
    return {
      dockerfile,
      dockerfileName: posix.basename(request.dockerfile),
      args: request.args,
      labels: request.labels,
      platforms: platformsOf(request.platforms),
      noCache: request.noCache,
      noCacheFilter: request.noCacheFilter,
      pull: request.pull,
      network: networkOf(request.network),
      hosts: request.hosts,
      classic: !request.events && !request.trace,
      checkOnly: request.check,
      ...(ignores && { ignores }),
      contexts: [],
      namedImages: new Map(),
      remoteCaches: [],
      sources,
      ...(request.target && { target: request.target }),
      ...(request.shmSize !== undefined && { shmSize: request.shmSize }),
      ...(request.ulimits && { ulimits: request.ulimits }),
      ...(request.limits && { limits: validateResources(request.limits, this.#parts.facts).hostConfig }),
      ...createdAt(request.args.get('SOURCE_DATE_EPOCH')),
    }
  }

  uploadLayout(archive: Readable, wanted: LayoutImage): Promise<string> {
    return this.#named.add(archive, wanted)
  }

  export(id: string): AsyncIterable<Uint8Array> {
    return this.#exports.take(id)
  }
}

/** For our own command: with the lines of the Dockerfile that it is about, where they are known. */
function detailOf(error: unknown): NonNullable<ProgressMessage['errorDetail']> {
  const hasLines = error instanceof StepError || error instanceof DockerfileProblem
  return { message: describe(error), ...(hasLines && error.lines && { lines: error.lines }) }
}

/** Each once; without one, this machine's. Throws InvalidParameter. */
function platformsOf(texts: readonly string[]): Platform[] {
  const platforms = texts.map((text) => parsePlatform(text))
  const once = new Map(platforms.map((platform) => [formatPlatform(platform), platform]))
  return once.size > 0 ? [...once.values()] : [hostPlatform()]
}

/** SOURCE_DATE_EPOCH, in seconds since 1970. Throws InvalidParameter. */
function createdAt(text: string | undefined): Pick<BuildRequest, 'created'> {
  if (text === undefined || text === '') return {}
  if (!/^\d{1,11}$/.test(text))
    throw new GantryError('InvalidParameter', `invalid SOURCE_DATE_EPOCH: ${text}`)
  return { created: new Date(Number(text) * 1000) }
}

/** Networks of this machine and `container:ID`, too, are looked for when a step runs. Throws InvalidParameter. */
function networkOf(mode: string): string {
  if (mode === '' || mode === 'default' || mode === 'bridge') return 'default'
  if (mode === 'container' || mode === 'container:')
    throw new GantryError('InvalidParameter', 'invalid container format container:<name|id>')
  return mode
}
