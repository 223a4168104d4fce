/** Image builds as the API asks for them. */
import type { Readable } from 'node:stream'
import { asSeveralPlatforms, type Snapshots, sandboxHostname } from '@gantry/build'
import type { ConsoleSize } from '@gantry/runtime'
import { validateExtraHost } from '../containers/validate.ts'
import type {
  AttachSession,
  Builds,
  EngineBuildRequest,
  HoldSession,
  LayoutImage,
  ProgressMessage,
} from '../contracts.ts'
import { progressOf } from '../images/load/progress.ts'
import { parseTarget } from '../images/tag.ts'
import { attestOptions } from './attest/options.ts'
import { type AskedBuild, BuildJob, type JobParts } from './build-job.ts'
import { platformsOf } from './builder-request.ts'
import type { CacheService } from './cache/cache-service.ts'
import { requestedCaches } from './cache/requested.ts'
import type { BuildHistory } from './control/build-history.ts'
import { BuildInputs } from './inputs.ts'
import { NamedContexts } from './named-contexts.ts'
import { Exports } from './outputs/exports.ts'
import { planOutputs } from './outputs/plan.ts'
import type { BuildSnapshots } from './snapshots.ts'
import type { StepShells } from './steps/shells.ts'
import { openTelling } from './telling.ts'

export interface BuildParts extends JobParts {
  snapshots: BuildSnapshots & Snapshots
  caches: CacheService
  shells: StepShells
}

export class BuildService implements Builds {
  readonly #parts: BuildParts
  readonly #exports = new Exports()
  readonly #named: NamedContexts
  readonly #inputs: BuildInputs
  #history: BuildHistory | undefined

  constructor(parts: BuildParts) {
    this.#parts = parts
    this.#named = new NamedContexts(parts.contexts, parts.images)
    this.#inputs = new BuildInputs(parts)
  }

  build(archive: Readable, request: EngineBuildRequest): AsyncIterable<ProgressMessage> {
    const asked = askedBuild(request)
    const { caches, faults, images, snapshots } = this.#parts
    return progressOf(async (tell, abandoned, isBehind) => {
      await using work = new AsyncDisposableStack()
      work.defer(() => caches.soon())
      const opened = work.use(await this.#inputs.begin(request, archive, abandoned))
      faults('build.context.received')
      const telling = await openTelling(request, images.intermediates, tell, isBehind)
      work.use(snapshots.begin())
      const around = { opened, telling, named: this.#named, exports: this.#exports, work }
      try {
        await new BuildJob(this.#parts, asked, around).run()
      } catch (error) {
        telling.failed(error)
      }
    })
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
    const { BuildHistory } = await import('./control/build-history.ts')
    this.#history ??= new BuildHistory()
    const history = this.#history
    return async (connection, signal) => {
      const service = new ControlService({ builds: this, caches, version, history })
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

  uploadLayout(archive: Readable, wanted: LayoutImage): Promise<string> {
    return this.#named.add(archive, wanted)
  }

  export(id: string): AsyncIterable<Uint8Array> {
    return this.#exports.take(id)
  }
}

/** Throws InvalidParameter. */
function askedBuild(request: EngineBuildRequest): AskedBuild {
  for (const host of request.hosts) validateExtraHost(host)
  sandboxHostname(request.args) // refused before anything is read
  const asSeveral = asSeveralPlatforms(request.args, platformsOf(request.platforms).length)
  return {
    request,
    names: request.tags.map((tag) => parseTarget(tag)),
    plans: planOutputs(request.outputs, request.tags, asSeveral),
    attests: attestOptions(request.attests),
    caches: requestedCaches(request),
  }
}
