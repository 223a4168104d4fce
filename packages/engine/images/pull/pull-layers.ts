/** The layers of an image from a registry: all at the same time, each in one pass, shared with other pulls. */
import { GantryError, isKind } from '@gantry/errors'
import { type Descriptor, type Digest, hexOf, type Repository } from '@gantry/oci'
import { type BlobInfo, isDiskFull, receiveLayer, type StagedLayer } from '@gantry/store'
import type { ProgressMessage } from '../../contracts.ts'
import { chainOf } from '../catalog.ts'
import type { ImageParts } from '../dependencies.ts'
import type { ImageRecord } from '../records.ts'
import { download } from './download.ts'

export interface LayerPull {
  repository: Repository
  image: Pick<ImageRecord, 'layers'>
  /** Of the image's layers, base first. */
  descriptors: readonly Descriptor[]
  /** An image with this configuration is here: of what is there of it nothing is told, as in Docker. */
  isKnown: boolean
  report: (message: ProgressMessage) => void
  signal: AbortSignal
}

type Layers = Pick<ImageParts, 'content' | 'layers' | 'reached' | 'transfers'>

/**
 * Downloads, verifies and unpacks what is missing of an image's layers. Resolves to whether anything was. When one fails,
 * the others are given up; the beginnings of downloads stay for the next try.
 */
export async function pullLayers(parts: Layers, pull: LayerPull): Promise<boolean> {
  const chain = chainOf(pull.image)
  const missing = await missingLayers(parts, pull, chain)
  announceLayers(pull, missing)
  if (missing.size === 0) return false
  const abort = new AbortController()
  const signal = AbortSignal.any([pull.signal, abort.signal])
  const results: Promise<void>[] = []
  let below: Promise<void> = Promise.resolve()
  for (const [index, chainId] of chain.entries()) {
    if (!missing.has(chainId)) continue
    const layer = new LayerIntake(parts, pull, index, chain[index - 1] ?? null, below)
    const { result, work } = parts.transfers.layers.join(
      chainId,
      (report, own) => layer.run(report, own),
      pull.report,
      signal,
    )
    below = work
    results.push(result)
  }
  try {
    await Promise.all(results)
  } catch (error) {
    abort.abort(pull.signal.reason ?? new GantryError('Cancelled', 'another layer failed'))
    await Promise.allSettled(results)
    if (isDiskFull(error)) await discardDownloads(parts, pull)
    throw error
  }
  return true
}

/** Where there is no room, the beginnings of downloads are not to take what is left. */
async function discardDownloads({ content, transfers }: Layers, { image }: LayerPull): Promise<void> {
  for (const { blob } of image.layers)
    if (!transfers.blobs.has(blob)) await (await content.partial(blob)).discard()
}

/** Layers that are not unpacked, and those of which the blob is not there to be pushed or saved. */
async function missingLayers(
  { content, layers }: Layers,
  { image }: LayerPull,
  chain: readonly Digest[],
): Promise<Set<Digest>> {
  const missing = new Set<Digest>()
  for (const [index, chainId] of chain.entries()) {
    const { blob } = image.layers[index] as ImageRecord['layers'][number]
    if (!(await layers.has(chainId)) || !(await content.has(blob))) missing.add(chainId)
  }
  return missing
}

function announceLayers(
  { descriptors, image, isKnown, report }: LayerPull,
  missing: ReadonlySet<Digest>,
): void {
  if (isKnown && missing.size === 0) return
  const chain = chainOf(image)
  for (const [index, descriptor] of descriptors.entries()) {
    const status = missing.has(chain[index] as Digest) ? 'Pulling fs layer' : 'Already exists'
    report({ status, progressDetail: {}, id: shortId(descriptor) })
  }
}

const shortId = ({ digest }: Descriptor): string => hexOf(digest).slice(0, 12)

/** One layer on its way. */
class LayerIntake {
  readonly #parts: Layers
  readonly #pull: LayerPull
  readonly #descriptor: Descriptor
  readonly #layer: ImageRecord['layers'][number]
  readonly #parent: Digest | null
  readonly #below: Promise<void>

  constructor(parts: Layers, pull: LayerPull, index: number, parent: Digest | null, below: Promise<void>) {
    this.#parts = parts
    this.#pull = pull
    this.#descriptor = pull.descriptors[index] as Descriptor
    this.#layer = pull.image.layers[index] as ImageRecord['layers'][number]
    this.#parent = parent
    this.#below = below
    // Whoever waits for it hears of its failure.
    below.catch(() => {})
  }

  async run(report: (message: ProgressMessage) => void, signal: AbortSignal): Promise<void> {
    const id = shortId(this.#descriptor)
    const tell = (status: string, progressDetail: ProgressMessage['progressDetail'] = {}) =>
      report({ status, progressDetail, id })
    const { downloads } = this.#parts.transfers
    const staged = await downloads.run(
      () => this.#stage(tell, signal),
      signal,
      () => tell('Waiting'),
    )
    await using _ = staged
    await orGone(this.#below, signal)
    const total = this.#descriptor.size
    tell('Extracting', { current: total, total })
    await staged.place(this.#parent)
    this.#parts.reached('image.pull.placed')
    tell('Pull complete')
  }

  /** A blob is taken in by one at a time: whoever comes second finds it stored. */
  async #stage(tell: Tell, signal: AbortSignal): Promise<StagedLayer> {
    const { blobs } = this.#parts.transfers
    const { digest } = this.#descriptor
    for (let other = blobs.get(digest); other; other = blobs.get(digest))
      await orGone(
        other.catch(() => {}),
        signal,
      )
    const work = this.#receive(tell, signal)
    blobs.set(digest, work)
    try {
      return await work
    } finally {
      blobs.delete(digest)
    }
  }

  async #receive(tell: Tell, signal: AbortSignal): Promise<StagedLayer> {
    const { content, layers, transfers, reached } = this.#parts
    const { digest, size: total } = this.#descriptor
    const blob: BlobInfo = { digest, size: total }
    const resumed = (await (await content.partial(digest)).size()) > 0
    const rest = (offset: number) => {
      reached('image.pull.download')
      return download(this.#pull.repository, this.#descriptor, offset, {
        attempts: transfers.limits().attempts,
        signal,
        onRetry: (seconds) => tell(`Retrying in ${seconds} second${seconds === 1 ? '' : 's'}`),
      })
    }
    const onProgress = (current: number) => tell('Downloading', { current, total })
    const take = () =>
      receiveLayer({ content, layers }, { blob, diffId: this.#layer.diffId, rest, onProgress, signal })
    const staged = await take().catch((error) => {
      // What an earlier pull left may have been wrong.
      if (resumed && isKind(error, 'InvalidParameter')) return take()
      throw layerError(error, digest)
    })
    tell('Verifying Checksum')
    tell('Download complete')
    return staged
  }
}

function layerError(error: unknown, digest: Digest): unknown {
  if (!isKind(error, 'InvalidParameter') || !/ (was|were) announced$/.test(error.message)) return error
  const problem = `filesystem layer verification failed for digest ${digest}`
  return new GantryError('System', problem, { cause: error })
}

type Tell = (status: string, progressDetail?: ProgressMessage['progressDetail']) => void

/** Waits for `work`, but not longer than the signal. */
function orGone<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
