/** Sending blobs (distribution-spec, Pushing Blobs): in one request, and in resumed chunks when that breaks. */
import { type Readable, Transform, type TransformCallback } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../digest.ts'
import type { Descriptor } from '../manifest.ts'
import { discard } from './answers.ts'
import type { UploadOptions } from './contracts.ts'
import { RegistryError } from './errors.ts'
import { redirectTarget } from './redirects.ts'
import type { RepositoryHost } from './repository.ts'
import { backOff } from './retry.ts'
import type { Answer } from './transport.ts'

/** Up to this size a blob is sent with the request that completes it. */
const mostMonolithic = 1 << 20
/** The size of chunks after a break, so that the next one loses less. */
const chunkSize = 32 << 20
/** Milliseconds for telling the registry that an upload will not go on. */
const cancelTime = 5000

type Open = (offset: number) => Readable | Promise<Readable>

/** See Repository.uploadBlob. */
export async function uploadBlob(
  host: RepositoryHost,
  descriptor: Descriptor,
  open: Open,
  options: UploadOptions,
): Promise<void> {
  const upload = new Upload(host, descriptor, open, options)
  let failures = 0
  let furthest = 0
  let wasRefused = false
  for (;;) {
    try {
      return await upload.run()
    } catch (error) {
      const { signal } = options
      if (!upload.isOpen || !isResumable(error, wasRefused) || signal?.aborted) {
        await upload.cancel()
        throw signal?.aborted ? signal.reason : error
      }
      wasRefused = error.status === 401
      await upload.recover(error)
      // Whoever gets ahead may go on.
      failures = upload.confirmed > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, upload.confirmed)
      if (failures >= host.limits.attempts) {
        await upload.cancel()
        throw error
      }
      await sleep(backOff(failures), undefined, signal && { signal }).catch(() => {})
    }
  }
}

/** See Repository.mountBlob. */
export async function mountBlob(
  host: RepositoryHost,
  digest: Digest,
  fromPath: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from: fromPath })
  const answer = await host.send({
    method: 'POST',
    path: `/blobs/uploads/?${query}`,
    wanted: 'name',
    alsoPull: [fromPath],
    accept: [400, 401, 403, 404, 405],
    signal,
  })
  discard(answer)
  if (answer.status === 202) await cancelUpload(host, locationOf(answer))
  return answer.status === 201
}

/**
 * Too large for something on the way, a lost session, a wrong offset, or what passes by itself; and a token that has ended
 * meanwhile, if the one before was not refused as well.
 */
function isResumable(error: unknown, wasRefused: boolean): error is RegistryError {
  if (!(error instanceof RegistryError)) return false
  if (error.status === 401) return !wasRefused
  return error.retryable || error.reason === 'blob-unknown' || error.status === 413 || error.status === 416
}

class Upload {
  readonly #host: RepositoryHost
  readonly #blob: Descriptor
  readonly #open: Open
  readonly #options: UploadOptions
  /** Where the next request of this upload goes; undefined when none is under way. */
  #location: URL | undefined
  #largestRequest = Number.POSITIVE_INFINITY
  /** Bytes that the registry has said it has. */
  confirmed = 0

  constructor(host: RepositoryHost, blob: Descriptor, open: Open, options: UploadOptions) {
    this.#host = host
    this.#blob = blob
    this.#open = open
    this.#options = options
  }

  /** Whether the registry has begun the upload and not ended it. */
  get isOpen(): boolean {
    return this.#location !== undefined
  }

  /** Goes on from where the upload is, to its end. */
  async run(): Promise<void> {
    const { size } = this.#blob
    this.#location ??= await this.#begin()
    if (size <= mostMonolithic && this.confirmed === 0) return this.#complete(await this.#source(size))
    while (this.confirmed < size) await this.#sendChunk()
    return this.#complete(undefined)
  }

  async #begin(): Promise<URL> {
    this.confirmed = 0
    const { signal } = this.#options
    const answer = await this.#host.send({ method: 'POST', path: '/blobs/uploads/', wanted: 'name', signal })
    discard(answer)
    const smallest = Number(answer.headers['oci-chunk-min-length'] ?? 0)
    if (smallest > this.#largestRequest) this.#largestRequest = smallest
    return locationOf(answer)
  }

  async #sendChunk(): Promise<void> {
    const start = this.confirmed
    const length = Math.min(this.#largestRequest, this.#blob.size - start)
    const whole = length === this.#blob.size
    const answer = await this.#host.send({
      method: 'PATCH',
      path: this.#location ?? '',
      headers: {
        'Content-Type': 'application/octet-stream',
        ...(!whole && { 'Content-Range': `${start}-${start + length - 1}` }),
      },
      body: await this.#source(length),
      wanted: 'blob',
      once: true,
      signal: this.#options.signal,
    })
    discard(answer)
    this.#location = locationOf(answer)
    this.confirmed = confirmedBy(answer) ?? start + length
    if (this.confirmed > start + length)
      throw new RegistryError('invalid-answer', 'the registry confirms more of the blob than it was sent')
    if (this.confirmed <= start)
      throw new RegistryError('invalid-answer', 'the registry confirms nothing of what it was sent')
  }

  async #complete(body: { stream: Readable; length: number } | undefined): Promise<void> {
    const url = new URL(this.#location ?? '')
    url.searchParams.set('digest', this.#blob.digest)
    const answer = await this.#host.send({
      method: 'PUT',
      path: url,
      headers: { 'Content-Type': 'application/octet-stream' },
      body: body ?? Buffer.alloc(0),
      wanted: 'blob',
      once: body !== undefined,
      signal: this.#options.signal,
    })
    discard(answer)
    this.#location = undefined
    this.confirmed = this.#blob.size
    this.#options.onProgress?.(this.confirmed)
  }

  /** The next `length` bytes, counted as they go. */
  async #source(length: number): Promise<{ stream: Readable; length: number }> {
    const start = this.confirmed
    const { onProgress } = this.#options
    onProgress?.(start)
    const source = await this.#open(start)
    const stream = firstBytes(source, length, (sent) => onProgress?.(start + sent))
    return { stream, length }
  }

  /** Finds out how far the upload has come; one that the registry does not know any more begins anew. */
  async recover(error: RegistryError): Promise<void> {
    this.#largestRequest = Math.min(this.#largestRequest, chunkSize)
    const location = this.#location
    if (location === undefined) return
    if (error.reason === 'blob-unknown') return this.#restart()
    const { signal } = this.#options
    try {
      const answer = await this.#host.send({ method: 'GET', path: location, wanted: 'blob', signal })
      discard(answer)
      this.#location = answer.headers.location === undefined ? location : locationOf(answer)
      const confirmed = confirmedBy(answer) ?? 0
      if (confirmed > this.#blob.size) this.#restart()
      else this.confirmed = confirmed
    } catch {
      this.#restart()
    }
  }

  #restart(): void {
    this.#location = undefined
    this.confirmed = 0
  }

  /** Tells the registry, where it can be reached, that it may forget what it has. */
  async cancel(): Promise<void> {
    if (this.#location) await cancelUpload(this.#host, this.#location)
    this.#location = undefined
  }
}

/** The first `length` bytes of a source, telling after each piece how many have gone. They end and fail together. */
function firstBytes(source: Readable, length: number, tell: (sent: number) => void): Readable {
  let sent = 0
  const part = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const piece = chunk.subarray(0, length - sent)
      sent += piece.length
      done(null, piece)
      if (piece.length > 0) tell(sent)
      if (sent < length) return
      source.unpipe(part)
      part.end()
    },
    flush(done: TransformCallback) {
      const missing = sent < length
      done(missing ? new Error(`the source of the blob ended after ${sent} of ${length} bytes`) : null)
    },
  })
  source.on('error', (error) => part.destroy(error))
  part.on('close', () => source.destroy())
  return source.pipe(part)
}

async function cancelUpload(host: RepositoryHost, path: URL): Promise<void> {
  const signal = AbortSignal.timeout(cancelTime)
  await host.send({ method: 'DELETE', path, wanted: 'blob', once: true, signal }).then(discard, () => {})
}

function locationOf(answer: Answer): URL {
  const { location } = answer.headers
  if (location === undefined)
    throw new RegistryError('invalid-answer', 'the registry does not say where the upload goes')
  return redirectTarget(answer.url, location)
}

/** `Range: 0-499` confirms 500 bytes. Undefined without. The same header of an empty upload is `0-0`. */
function confirmedBy({ headers }: Answer): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(headers.range ?? '')?.[1]
  if (last === undefined) return undefined
  return last === '0' ? 0 : Number(last) + 1
}
