/** What is kept of one build: how it was asked for, what it told, what became of it. */
import { codeOf, type history, StatusResponse, timestamp } from '@gantry/buildkit'
import { messageOf } from '@gantry/errors'
import { digestOf } from '@gantry/oci'
import type { Exporter, FrontendOptions } from './options.ts'

/** Bytes of what a build told, and how many messages: what comes then is left out, but for steps that begin and end. */
const mostLog = 512 << 10
const mostMessages = 5000
/** What a message takes beside its bytes. */
const overhead = 200

const statementType = 'application/vnd.in-toto+json'
const predicateKey = 'in-toto.io/predicate-type'

export interface AboutBuild {
  frontend: string
  options: FrontendOptions
  exporters: readonly Exporter[]
}

export interface Outcome {
  response: ReadonlyMap<string, string>
  /** SLSA provenance by platform; by the empty word when there is one alone. */
  provenance: Readonly<Record<string, object>>
  error?: unknown
}

/** Content that a record names. */
export interface RecordedBlob {
  digest: string
  data: Buffer
}

export class BuildRecord {
  readonly ref: string
  readonly createdAt: Date
  pinned = false
  readonly #about: AboutBuild
  readonly #ended: () => void
  #completedAt: Date | null = null
  #outcome: Outcome = { response: new Map(), provenance: {} }
  readonly #steps = new Map<string, { completed: boolean; cached: boolean }>()
  #warnings = 0
  readonly #told: Buffer[] = []
  #bytes = 0
  #wake = Promise.withResolvers<void>()
  readonly #blobs = new Map<string, RecordedBlob & { type: string }>()

  constructor(ref: string, about: AboutBuild, createdAt: Date, ended: () => void) {
    this.ref = ref
    this.createdAt = createdAt
    this.#about = about
    this.#ended = ended
  }

  get hasEnded(): boolean {
    return this.#completedAt !== null
  }

  /** Bytes that it takes, roughly. */
  get size(): number {
    const blobs = this.blobs.reduce((sum, { data }) => sum + data.length, 0)
    const options = [...this.#about.options].reduce((sum, pair) => sum + pair.join().length, 0)
    return this.#bytes + this.#told.length * overhead + blobs + options
  }

  get blobs(): readonly RecordedBlob[] {
    return [...this.#blobs.values()]
  }

  hear(status: StatusResponse): void {
    for (const { digest = '', completed, cached = false } of status.vertexes)
      this.#steps.set(digest, { completed: completed !== undefined, cached })
    this.#warnings += status.warnings.length
    const isFull = this.#bytes >= mostLog || this.#told.length >= mostMessages
    if (isFull && status.vertexes.length === 0) return
    const encoded = StatusResponse.encode(isFull ? { vertexes: status.vertexes } : status)
    this.#told.push(encoded)
    this.#bytes += encoded.length
    this.#wake.resolve()
  }

  /** Once. */
  end(outcome: Outcome): void {
    this.#completedAt = new Date()
    this.#outcome = outcome
    for (const [platform, predicate] of Object.entries(outcome.provenance)) {
      const data = Buffer.from(JSON.stringify(predicate))
      const version = 'buildDefinition' in predicate ? 'v1' : 'v0.2'
      this.#blobs.set(platform, {
        digest: digestOf(data),
        data,
        type: `https://slsa.dev/provenance/${version}`,
      })
    }
    this.#wake.resolve()
    this.#ended()
  }

  /** What the build has told and will tell, until it has ended. */
  async *statuses(signal: AbortSignal): AsyncGenerator<StatusResponse> {
    const wake = Promise.withResolvers<void>()
    const abort = (): void => wake.resolve()
    signal.addEventListener('abort', abort, { once: true })
    try {
      for (let next = 0; !signal.aborted; ) {
        const told = this.#told[next]
        if (told) {
          next++
          yield StatusResponse.decode(told)
        } else if (this.hasEnded) return
        else {
          const woken = this.#wake.promise
          await Promise.race([woken, wake.promise])
          if (this.#wake.promise === woken) this.#wake = Promise.withResolvers()
        }
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** As BuildKit tells it. */
  get message(): Partial<history.HistoryRecord> {
    const { frontend, options, exporters } = this.#about
    const { response, error } = this.#outcome
    const steps = [...this.#steps.values()]
    return {
      ref: this.ref,
      frontend,
      options,
      exporters,
      createdAt: timestamp(this.createdAt),
      ...(this.#completedAt && { completedAt: timestamp(this.#completedAt) }),
      ...(error !== undefined && { error: { code: codeOf(error), message: messageOf(error) } }),
      exporterResponse: response,
      ...this.#attachments(),
      pinned: this.pinned,
      totalSteps: steps.length,
      completedSteps: steps.filter(({ completed }) => completed).length,
      cachedSteps: steps.filter(({ cached }) => cached).length,
      warnings: this.#warnings,
    }
  }

  #attachments(): Pick<Partial<history.HistoryRecord>, 'result' | 'results'> {
    const results = [...this.#blobs].map(([platform, { digest, data, type }]) => {
      const annotations = new Map([[predicateKey, type]])
      const attestation = { mediaType: statementType, digest, size: data.length, annotations }
      return [platform, { attestations: [attestation] }] as const
    })
    const [first] = results
    if (first?.[0] === '') return { result: first[1] }
    return { results: new Map(results) }
  }
}
