/** A build of the control API, run by the engine's own builder. */
import { Readable } from 'node:stream'
import type { BuildEvent } from '@gantry/build'
import { type control, StatusResponse } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import type { Builds, PlatformImage, ProgressMessage } from '../../contracts.ts'
import { ControlBuild } from './control-build.ts'
import { type Caches, type Exporter, type FrontendOptions, frontendRequest } from './options.ts'
import { answerSubrequest, type BuildWarning, checkSubrequest } from './subrequests.ts'

export class OpenBuild extends ControlBuild {
  readonly #builds: Pick<Builds, 'build'>
  #session = ''
  #exporters: Exporter[] = []
  #caches: Caches = { imports: [], exports: [] }
  /** What the build has made for each platform, as images of this machine. */
  images: readonly PlatformImage[] = []

  constructor(builds: Pick<Builds, 'build'>) {
    super()
    this.#builds = builds
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
    const messages = this.#builds.build(Readable.from([]), { ...request, signal: this.signal })
    for await (const message of messages) this.#hear(message)
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

  #hear({ id, aux, error }: ProgressMessage): void {
    if (error !== undefined) throw new GantryError('System', error)
    if (id === 'moby.buildkit.trace') this.tell(StatusResponse.decode(Buffer.from(aux as string, 'base64')))
    // The client writes it into the index of the directory.
    if (id === 'gantry.cache') this.#respond({ 'cache.manifest': JSON.stringify(aux) })
    if (id === 'gantry.result') this.#respond(resultFields(aux as BuildResultSummary))
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

interface BuildResultSummary {
  names: readonly string[]
  descriptor?: { digest: string }
}

/** As BuildKit's exporters tell of an image; the digest is that of the index where there is one. */
const resultFields = ({ names, descriptor }: BuildResultSummary): Record<string, string> => ({
  ...(names.length > 0 && { 'image.name': names.join(',') }),
  ...(descriptor && {
    'containerimage.digest': descriptor.digest,
    'containerimage.descriptor': Buffer.from(JSON.stringify(descriptor)).toString('base64'),
  }),
})
