/** BuildKit's control API (`POST /grpc`): what `docker buildx` speaks with its driver `docker`. */
import type { CacheUsage } from '@gantry/build'
import { connectionIn, control, type Service, streaming, timestamp, unary } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import { hostPlatform } from '@gantry/oci'
import type { BuildCaches, Builds, CachePruned, PlatformImage } from '../../contracts.ts'
import { cacheFilters, isMutable } from '../cache/filters.ts'
import type { BuildHistory } from './build-history.ts'
import { cacheFiltersOf } from './cache-filters.ts'
import type { ExporterResponse } from './control-build.ts'
import { historyServices } from './history-services.ts'
import { withInputs } from './inputs.ts'
import { OpenBuild } from './open-build.ts'

/** How long a call waits for the one that begins its build, in milliseconds. */
const patience = 15_000

/** Builds of one connection that may be open at once. */
const mostBuilds = 100

/** What frontends may ask of this engine, of all that BuildKit knows. */
const frontendCapabilities = [
  'frontend.caps',
  'frontend.inputs',
  'gateway.evaluate',
  'gateway.solve.metadata',
  'proto.refarray',
  'reference.output',
  'return',
  'returnmap',
  'solve.base',
  'solve.inlinereturn',
]

/** What clients look for before they ask for it. */
const engineCapabilities = [
  'exporter.image.annotations',
  'exporter.image.attestations',
  'exporter.multiple',
  // Prunes take more than one limit of space.
  'gc.freespacefilter',
  'source.local',
]

/** There is one frontend, also for those that name an image with theirs (`BUILDKIT_SYNTAX`), as with `# syntax=`. */
const frontendNames = ['dockerfile.v0', 'gateway.v0']

export interface ControlParts {
  builds: Pick<Builds, 'build' | 'session'>
  caches: Pick<BuildCaches, 'usage' | 'prune'>
  version: string
  history: BuildHistory
}

/** The services of one connection. */
export class ControlService {
  readonly #parts: ControlParts
  readonly #builds = new Map<string, OpenBuild>()

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  services(): Service[] {
    const { bridge } = control
    return [
      unary(control.info, async () => ({ version: this.#version() })),
      unary(control.listWorkers, async () => ({ records: [this.#worker()] })),
      unary(control.diskUsage, async ({ filters }) => ({ records: await this.#usage(filters) })),
      streaming(control.prune, async (call) => {
        for await (const request of call.messages())
          for (const gone of await this.#prune(request)) await call.send(usageRecord(gone))
      }),
      streaming(control.status, async (call) => {
        for await (const { ref } of call.messages())
          for await (const status of this.#told(ref).statuses(call.signal)) await call.send(status)
      }),
      streaming(control.session, async (call) => {
        const hold = await this.#parts.builds.session(call.headers)
        await hold(connectionIn(call), call.signal)
      }),
      ...historyServices(this.#parts.history),
      unary(control.solve, (request, signal) => this.#solve(request, signal)),
      streaming(bridge.ping, async (call) => {
        await this.#begun(call.metadata(control.buildHeader)[0])
        await call.send({
          frontendCapabilities: frontendCapabilities.map((id) => ({ id, enabled: true })),
          llbCapabilities: engineCapabilities.map((id) => ({ id, enabled: true })),
          workers: [this.#worker()],
        })
      }),
      streaming(bridge.solve, async (call) => {
        const build = await this.#begun(call.metadata(control.buildHeader)[0])
        for await (const request of call.messages()) {
          if (!frontendNames.includes(request.frontend))
            throw new GantryError(
              'NotImplemented',
              `unknown frontend: ${request.frontend || 'LLB definitions'}`,
            )
          const asked = request.options.get('requestid') ?? ''
          if (asked !== '') {
            const metadata = await build.answer(asked, request.options)
            await call.send({ result: { metadata } })
            return
          }
          await build.run(withInputs(request))
          await call.send({ result: resultOf(build.images) })
          return
        }
      }),
      // No result is told of before it is there.
      unary(bridge.evaluate, async () => ({})),
      streaming(bridge.return, async (call) => {
        const build = await this.#begun(call.metadata(control.buildHeader)[0])
        for await (const { error } of call.messages()) {
          build.finish(error ? new GantryError('System', error.message || 'the build has failed') : null)
          await call.send({})
          return
        }
      }),
    ]
  }

  /** Gives up every build that is open. */
  close(): void {
    for (const build of this.#builds.values()) build.end()
  }

  async #usage(filters: readonly string[]): Promise<UsageRecord[]> {
    const { matches = () => true } = cacheFilters(cacheFiltersOf(filters), new Date())
    return (await this.#parts.caches.usage()).filter(matches).map(usageRecord)
  }

  async #prune({
    all,
    keepDuration,
    filters,
    ...space
  }: control.PruneRequest): Promise<CachePruned['records']> {
    const limits = Object.fromEntries(Object.entries(space).filter(([, value]) => value > 0))
    const chosen = cacheFiltersOf(filters)
    const { records } = await this.#parts.caches.prune({
      all,
      ...(keepDuration > 0 && { unusedFor: keepDuration / 1e6 }),
      ...(Object.keys(chosen).length > 0 && { filters: chosen }),
      ...limits,
    })
    return records
  }

  /** Of this connection's builds, or of one that was made or runs elsewhere. */
  #told(ref: string): Pick<OpenBuild, 'statuses'> {
    return this.#builds.get(ref) ?? this.#parts.history.get(ref) ?? this.#build(ref)
  }

  #build(ref: string): OpenBuild {
    const known = this.#builds.get(ref)
    if (known) return known
    if (ref === '' || this.#builds.size >= mostBuilds)
      throw new GantryError('InvalidParameter', `invalid build: ${JSON.stringify(ref)}`)
    const build = new OpenBuild(this.#parts.builds, (about) => this.#parts.history.begin(ref, about))
    this.#builds.set(ref, build)
    return build
  }

  /** The build of that id, which has begun or will do so soon. */
  async #begun(ref = ''): Promise<OpenBuild> {
    const build = this.#build(ref)
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => timeout.reject(new GantryError('NotFound', `no such job ${ref}`)),
      patience,
    )
    try {
      await Promise.race([build.begun, timeout.promise])
      return build
    } finally {
      clearTimeout(timer)
    }
  }

  async #solve(
    request: control.SolveRequest,
    signal: AbortSignal,
  ): Promise<{ exporterResponse: ExporterResponse }> {
    const build = this.#build(request.ref)
    const cancel = (): void => build.end()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      if (request.definition.length > 0)
        throw new GantryError('NotImplemented', 'LLB definitions are not supported')
      build.describe(request)
      build.begin()
      if (request.frontend === '') await build.returned
      else if (frontendNames.includes(request.frontend)) await build.run(request.options)
      else throw new GantryError('NotImplemented', `unknown frontend: ${request.frontend}`)
      return { exporterResponse: build.response }
    } finally {
      signal.removeEventListener('abort', cancel)
      build.end()
      this.#forget(request.ref, build)
    }
  }

  /** The call that asks for what a short build has told may come after its end. */
  #forget(ref: string, build: OpenBuild): void {
    const forget = (): void => {
      if (this.#builds.get(ref) === build) this.#builds.delete(ref)
    }
    if (build.isHeard) forget()
    else setTimeout(forget, patience).unref()
  }

  #version() {
    return { package: 'gantry', version: `v${this.#parts.version}`, revision: '' }
  }

  #worker(): control.WorkerRecord {
    const { os, architecture, variant = '' } = hostPlatform()
    return {
      id: 'default',
      labels: new Map([
        ['org.mobyproject.buildkit.worker.executor', 'gantry'],
        // By this clients know that caches, archives and images for several platforms can be given out.
        ['org.mobyproject.buildkit.worker.snapshotter', 'overlayfs'],
      ]),
      platforms: [{ os, architecture, variant }],
      buildkitVersion: this.#version(),
    }
  }
}

type UsageRecord = ReturnType<typeof usageRecord>

function usageRecord({ createdAt, usedAt, ...usage }: CacheUsage) {
  const times = { createdAt: timestamp(new Date(createdAt)), usedAt: timestamp(new Date(usedAt)) }
  return { ...usage, mutable: isMutable(usage.type), ...times }
}

/** As clients expect it: by platform where there are several. */
function resultOf(images: readonly PlatformImage[]) {
  const reference = (image: string) => ({
    id: crypto.randomUUID(),
    definition: control.imageDefinition(image),
  })
  if (images.length > 1)
    return { refs: { refs: new Map(images.map(({ platform, image }) => [platform, reference(image)])) } }
  const [only] = images
  return { ref: only ? reference(only.image) : { id: crypto.randomUUID() } }
}
