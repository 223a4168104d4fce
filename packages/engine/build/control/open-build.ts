/** A build of the control API, run by the engine's own builder. */
import { Readable } from 'node:stream'
import type { BuildEvent } from '@gantry/build'
import { type control, StatusResponse, withSource } from '@gantry/buildkit'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import type { BuildSummary, Builds, PlatformImage, ProgressMessage } from '../../contracts.ts'
import type { AboutBuild, BuildRecord, Outcome } from './build-record.ts'
import { ControlBuild } from './control-build.ts'
import { type Caches, type Exporter, type FrontendOptions, frontendRequest } from './options.ts'
import { answerSubrequest, type BuildWarning, checkSubrequest } from './subrequests.ts'

export class OpenBuild extends ControlBuild {
  readonly #builds: Pick<Builds, 'build'>
  readonly #beginRecord: (about: AboutBuild) => BuildRecord
  #session = ''
  #failure: GantryError | null = null
  #exporters: Exporter[] = []
  #caches: Caches = { imports: [], exports: [] }
  /** What the build has made for each platform, as images of this machine. */
  images: readonly PlatformImage[] = []

  /** `record` begins a record of what is built. */
  constructor(builds: Pick<Builds, 'build'>, record: (about: AboutBuild) => BuildRecord) {
    super()
    this.#builds = builds
    this.#beginRecord = record
  }

  describe({ session, exporters, exporter, exporterAttributes, cache }: control.SolveRequest): void {
    this.#session = session
    this.#exporters = exporters.map(whole)
    this.#caches = {
      imports: (cache?.imports ?? []).map(whole),
      exports: (cache?.exports ?? []).map(whole),
    }
    // As older clients say it.
    if (exporters.length === 0 && exporter !== '')
      this.#exporters = [{ type: exporter, attributes: exporterAttributes }]
  }

  /** Builds and gives out. Rejects with what the build has failed with. */
  async run(options: FrontendOptions): Promise<void> {
    const request = frontendRequest(options, this.#session, this.#exporters, this.#caches)
    const file: { filename: string; text: string | null } = { filename: request.dockerfile, text: null }
    const record = this.#beginRecord({ frontend: 'dockerfile.v0', options, exporters: this.#exporters })
    let provenance: Outcome['provenance'] = {}
    try {
      const told = { ...request, tellDockerfile: true, signal: this.signal }
      for await (const message of this.#builds.build(Readable.from([]), told)) {
        if (message.id === 'gantry.dockerfile') file.text = String(message.aux)
        if (message.error !== undefined) throw failureOf(message, file)
        if (message.id === 'gantry.result') provenance = (message.aux as BuildSummary).provenance ?? {}
        this.#hear(message, record)
      }
      this.signal.throwIfAborted()
      record.end({ response: this.response, provenance })
    } catch (error) {
      const failure = this.signal.aborted
        ? new GantryError('Cancelled', 'context canceled')
        : asFailure(error)
      record.end({ response: this.response, provenance, error: failure })
      this.#failure = failure
      throw failure
    }
  }

  /** The client has heard what the build has failed with: it hears so once more, with all that there is to say of it. */
  override finish(error: GantryError | null): void {
    const ours = this.#failure
    super.finish(error && ours && error.message.includes(ours.message) ? ours : error)
  }

  /** Builds nothing: what is asked about the Dockerfile. */
  async answer(id: string, options: FrontendOptions): Promise<ReadonlyMap<string, Buffer>> {
    checkSubrequest(id)
    const rest = new Map([...options].filter(([name]) => name !== 'requestid'))
    const request = frontendRequest(rest, this.#session, [], this.#caches)
    const check = { check: true, events: true, trace: false, tellDockerfile: true, signal: this.signal }
    const warnings: BuildWarning[] = []
    let text = ''
    for await (const { id, aux, error } of this.#builds.build(Readable.from([]), { ...request, ...check })) {
      if (error !== undefined) throw new GantryError('System', error)
      if (id === 'gantry.dockerfile') text = String(aux)
      const event = id === 'gantry.build' ? (aux as BuildEvent) : null
      if (event?.type === 'warning') warnings.push(event)
    }
    const target = options.get('target') ?? ''
    return answerSubrequest({ id, target, filename: request.dockerfile, text, warnings })
  }

  #hear({ id, aux }: ProgressMessage, record: BuildRecord): void {
    if (id === 'moby.buildkit.trace') {
      const status = StatusResponse.decode(Buffer.from(aux as string, 'base64'))
      record.hear(status)
      this.tell(status)
    }
    // The client writes it into the index of the directory.
    if (id === 'gantry.cache') this.#respond({ 'cache.manifest': JSON.stringify(aux) })
    if (id === 'gantry.result') this.#respond(resultFields(aux as BuildSummary))
    if (id === 'gantry.images') this.images = aux as PlatformImage[]
    if (id !== 'moby.image.id') return
    this.#respond({ 'containerimage.config.digest': (aux as { ID: string }).ID })
  }

  #respond(fields: Record<string, string>): void {
    this.response = new Map([...this.response, ...Object.entries(fields)])
  }
}

const whole = ({ type = '', attributes = new Map<string, string>() }: Partial<Exporter>): Exporter => ({
  type,
  attributes,
})

/** As BuildKit's exporters tell of an image; the digest is that of the index where there is one. */
const resultFields = ({ names, descriptor }: BuildSummary): Record<string, string> => ({
  ...(names.length > 0 && { 'image.name': names.join(',') }),
  ...(descriptor && {
    'containerimage.digest': descriptor.digest,
    'containerimage.descriptor': Buffer.from(JSON.stringify(descriptor)).toString('base64'),
  }),
})

/** With the lines that it is about, where they are known. */
function failureOf(
  { error = '', errorDetail }: ProgressMessage,
  { filename, text }: { filename: string; text: string | null },
): GantryError {
  const failure = new GantryError('System', error)
  const lines = errorDetail?.lines
  return lines && text !== null ? withSource(failure, { filename, text, lines }) : failure
}

/** What is wrong with a build is no refusal of the call: clients put the name of any other code before the message. */
function asFailure(error: unknown): GantryError {
  if (isKind(error) && !isKind(error, 'InvalidParameter') && !isKind(error, 'NotFound')) return error
  return new GantryError('System', messageOf(error), { cause: error })
}
