/** Image builds as the API asks for them. */
import { rm } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type {
  BuildCache,
  BuildEvent,
  Builder,
  BuildRequest,
  CacheMounts,
  Files,
  Snapshots,
  Sources,
} from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { familiarName, formatPlatform, hexOf, hostPlatform, type Platform, parsePlatform } from '@gantry/oci'
import type { FaultPoint } from '../containers/faults.ts'
import { type ResourceFacts, validateResources } from '../containers/validate-resources.ts'
import type { Builds, ContextUpload, EngineBuildRequest, ProgressMessage } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { progressOf } from '../images/load/progress.ts'
import { parseTarget } from '../images/tag.ts'
import { Attestor } from './attest/attestor.ts'
import { withoutUser } from './attest/build-steps.ts'
import { attestOptions } from './attest/options.ts'
import type { Material } from './attest/provenance.ts'
import { factsOf } from './build-facts.ts'
import { classicRefusal, describe } from './classic-errors.ts'
import { ClassicProgress, KnownStates } from './classic-progress.ts'
import type { Contexts, ReceivedContext } from './context.ts'
import { type Download, download } from './download.ts'
import type { FileThreads } from './files/file-threads.ts'
import { NamedContexts, withContexts } from './named-contexts.ts'
import { Exports } from './outputs/exports.ts'
import { giveOut } from './outputs/outputs.ts'
import { planOutputs } from './outputs/plan.ts'
import { repositoryTree } from './remote-context.ts'
import type { BuildSnapshots } from './snapshots.ts'

export interface BuildParts {
  builder: Builder
  snapshots: BuildSnapshots & Snapshots
  archive: Pick<ArchiveWorkers, 'layer' | 'export' | 'squash'>
  threads: Pick<FileThreads, 'run'>
  /** Of this engine. */
  version: string
  contexts: Contexts
  cache: BuildCache
  cacheMounts: CacheMounts
  files: Files
  images: ImageParts
  /** What limits are judged by. */
  facts: ResourceFacts
  /** For downloads of running builds. */
  directory: string
  faults: FaultPoint
}

export class BuildService implements Builds {
  readonly #parts: BuildParts
  readonly #known = new KnownStates()
  readonly #exports = new Exports()
  readonly #named: NamedContexts

  constructor(parts: BuildParts) {
    this.#parts = parts
    this.#named = new NamedContexts(parts.contexts, parts.images)
  }

  build(archive: Readable, request: EngineBuildRequest): AsyncIterable<ProgressMessage> {
    const names = request.tags.map((tag) => parseTarget(tag))
    const plans = planOutputs(request.outputs, request.tags)
    const attests = attestOptions(request.attests)
    return progressOf(async (tell, abandoned) => {
      const signal = request.signal ? AbortSignal.any([request.signal, abandoned]) : abandoned
      const { quiet, remove, forceRemove, noCache } = request
      const progress = new ClassicProgress(tell, this.#known, { quiet, remove, forceRemove, noCache })
      await using work = new AsyncDisposableStack()
      const context = work.use(await this.#context(archive, request, signal))
      this.#parts.faults('build.context.received')
      work.use(this.#parts.snapshots.begin())
      let begun = false
      const hear = (event: BuildEvent): void => {
        begun = true
        if (request.events) tell({ id: 'gantry.build', aux: event })
        else progress.event(event)
      }
      try {
        const started = new Date()
        const materials: Material[] = []
        const named = this.#named.open(request.contexts, work)
        const plain = this.#request(request, context, materials, work, signal)
        const asked = withContexts(plain, named, this.#parts.files)
        const results = await this.#parts.builder.build(asked, signal, hear)
        if (request.check) return
        const facts = factsOf(request, context.dockerfile, started, materials)
        const attestor = new Attestor(this.#parts, attests, facts, signal)
        const summary = await giveOut(this.#parts, {
          results,
          attestor,
          plans,
          squash: request.squash,
          created: asked.created,
          credentials: request.credentials ?? (() => undefined),
          deliver: (output, archive) =>
            this.#exports.offer(archive, (id) => tell({ id: 'gantry.export', aux: { id, output } }), signal),
          hear: (event) => request.events && hear(event),
          signal,
        })
        this.#parts.faults('build.image.published')
        const ref = `default/default/${facts.id}`
        const told = { ...summary, ref, provenance: attestor.metadata(results) }
        if (request.events) tell({ id: 'gantry.result', aux: told })
        if (summary.image !== undefined) progress.done(summary.image, names.map(familiarName))
      } catch (error) {
        if (!begun)
          throw new GantryError(
            'InvalidParameter',
            request.events ? describe(error) : classicRefusal(error, request.dockerfile),
            {
              cause: error,
            },
          )
        if (request.events) tell({ error: describe(error), errorDetail: { message: describe(error) } })
        else progress.failed(error)
      }
    })
  }

  #context(archive: Readable, request: EngineBuildRequest, signal: AbortSignal): Promise<ReceivedContext> {
    const { remote, dockerfile: name, args } = request
    const keepGitDir = /^(1|true)$/i.test(args.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '')
    const { contexts } = this.#parts
    if (remote === undefined) return contexts.receive(archive, name, signal)
    return contexts.fetch(remote, { archive, name, access: { keepGitDir }, signal })
  }

  #request(
    request: EngineBuildRequest,
    { root, dockerfile, ignores }: ReceivedContext,
    materials: Material[],
    work: AsyncDisposableStack,
    signal: AbortSignal,
  ): BuildRequest {
    return {
      dockerfile,
      dockerfileName: posix.basename(request.dockerfile),
      args: request.args,
      labels: request.labels,
      platforms: platformsOf(request.platforms),
      noCache: request.noCache,
      noCacheFilter: [],
      pull: request.pull,
      network: networkOf(request.network),
      hosts: request.hosts,
      classic: !request.events,
      checkOnly: request.check,
      ignores,
      contexts: [],
      namedImages: new Map(),
      cacheFrom: [],
      sources: this.#sources(root, materials, work, signal),
      ...(request.target && { target: request.target }),
      ...(request.shmSize !== undefined && { shmSize: request.shmSize }),
      ...(request.ulimits && { ulimits: request.ulimits }),
      ...(request.limits && { limits: validateResources(request.limits, this.#parts.facts).hostConfig }),
      ...createdAt(request.args.get('SOURCE_DATE_EPOCH')),
      ...(request.credentials && { credentials: request.credentials }),
    }
  }

  uploadContext(archive: Readable, upload: ContextUpload, signal: AbortSignal): Promise<string> {
    return this.#named.add(archive, upload, signal)
  }

  export(id: string): AsyncIterable<Uint8Array> {
    return this.#exports.take(id)
  }

  #sources(root: string, materials: Material[], work: AsyncDisposableStack, signal: AbortSignal): Sources {
    const { files, directory } = this.#parts
    const downloads = new Map<string, Promise<Download>>()
    const repositories = new Map<string, ReturnType<typeof repositoryTree>>()
    return {
      context: async (name) => (name === 'context' ? files.tree(root) : null),
      async http(url, checksum) {
        const known = downloads.get(`${url} ${checksum}`)
        const downloading = known ?? download(directory, url, checksum, signal)
        downloads.set(`${url} ${checksum}`, downloading)
        const { root: path, digest } = await downloading
        if (!known) {
          work.defer(() => rm(path, { recursive: true, force: true }))
          materials.push({ uri: withoutUser(url), digest: { sha256: hexOf(digest) } })
        }
        return files.tree(path)
      },
      async git(url, options) {
        const key = JSON.stringify([url, options])
        const known = repositories.get(key)
        const repository = known ?? repositoryTree(url, { directory, files, signal, ...options })
        repositories.set(key, repository)
        const { root: cloned, tree, commit } = await repository
        if (!known) {
          work.defer(() => rm(cloned, { recursive: true, force: true }))
          materials.push({ uri: withoutUser(url), digest: { sha1: commit } })
        }
        return files.tree(tree)
      },
      secret: async () => null,
      ssh: async () => null,
    }
  }

  async prune(options: { all?: boolean; keep?: number; unusedFor?: number }) {
    const { cache, cacheMounts, images } = this.#parts
    const gone = cache.prune(options)
    if (options.all) await cacheMounts.prune()
    await images.retention.sweep()
    return {
      deleted: gone.map(({ key }) => key),
      spaceReclaimed: gone.reduce((sum, { size }) => sum + size, 0),
    }
  }
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

function networkOf(mode: string): 'default' | 'none' | 'host' {
  if (mode === '' || mode === 'default' || mode === 'bridge') return 'default'
  if (mode === 'none' || mode === 'host') return mode
  throw new GantryError(
    'InvalidParameter',
    `network mode ${JSON.stringify(mode)} not supported by the builder`,
  )
}
