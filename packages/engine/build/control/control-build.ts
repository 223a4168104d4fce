/** One build of a client of BuildKit: several calls belong to it, which come in any order. */
import type { StatusResponse } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'

/** Messages about a build that wait for who asks for them. */
const mostWaiting = 20_000

/** Bytes of output that wait; what comes when there are as many is left out. */
const mostOutput = 8 << 20

export type ExporterResponse = ReadonlyMap<string, string>

export class ControlBuild {
  readonly #abort = new AbortController()
  readonly #solving = Promise.withResolvers<void>()
  readonly #returned = Promise.withResolvers<void>()
  readonly #waiting: StatusResponse[] = []
  /** Bytes of output in them. */
  #output = 0
  #wake = Promise.withResolvers<void>()
  #hasEnded = false
  /** Somebody asks, or has asked, what it tells. */
  isHeard = false
  /** What the exporters have told. */
  response: ExporterResponse = new Map()

  constructor() {
    for (const { promise } of [this.#solving, this.#returned]) promise.catch(() => undefined)
  }

  /** Aborted when the build is given up. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The client has said what the build is: calls that came before may go on. */
  begin(): void {
    this.#solving.resolve()
  }

  /** Resolves when the build has begun. */
  get begun(): Promise<void> {
    return this.#solving.promise
  }

  /** The client is done with it, as the frontend that it is. */
  finish(error: GantryError | null): void {
    if (error) this.#returned.reject(error)
    else this.#returned.resolve()
  }

  /** Resolves, or rejects, when the client has returned the build's result. */
  get returned(): Promise<void> {
    return this.#returned.promise
  }

  tell(status: StatusResponse): void {
    const output = outputOf(status)
    if (this.#waiting.length >= mostWaiting || (output > 0 && this.#output + output > mostOutput)) return
    this.#waiting.push(status)
    this.#output += output
    this.#wake.resolve()
  }

  /** Ends everything that belongs to the build. */
  end(): void {
    this.#hasEnded = true
    const error = new GantryError('Cancelled', 'the build has ended')
    this.#abort.abort(error)
    this.#solving.reject(error)
    this.#returned.reject(error)
    this.#wake.resolve()
  }

  /** What is told, until the build has ended. For one listener. */
  async *statuses(signal: AbortSignal): AsyncGenerator<StatusResponse> {
    this.isHeard = true
    const wake = (): void => this.#wake.resolve()
    signal.addEventListener('abort', wake, { once: true })
    try {
      while (!signal.aborted) {
        const next = this.#waiting.shift()
        if (next) {
          this.#output -= outputOf(next)
          yield next
        } else if (this.#hasEnded) return
        else {
          await this.#wake.promise
          this.#wake = Promise.withResolvers()
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }
}

const outputOf = ({ logs }: StatusResponse): number =>
  logs.reduce((sum, { msg }) => sum + (msg?.length ?? 0), 0)
