import { type Digest, hexOf } from '@gantry/oci'
import type { StagedLayer } from '@gantry/store'
import type { ProgressMessage } from '../contracts.ts'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import type { ImageRecord } from './records.ts'

/**
 * Unpacks the layers of an image that are not unpacked yet, side by side, and tells how far it is. Those that `arrived`
 * has are unpacked already.
 */
export async function unpackImage(
  { content, layers }: Pick<ImageParts, 'content' | 'layers'>,
  image: ImageRecord,
  report: (message: ProgressMessage) => void = () => {},
  arrived: { take: (blob: Digest) => StagedLayer | undefined } = { take: () => undefined },
): Promise<void> {
  await placeLayers(layers, image, async ({ diffId, blob }, signal) => {
    const came = arrived.take(blob)
    if (came?.diffId === diffId) return came
    await came?.[Symbol.asyncDispose]()
    const expected = await content.info(blob)
    const path = await content.locate(blob)
    const id = hexOf(diffId).slice(0, 12)
    const onProgress = (current: number) =>
      report({ status: 'Loading layer', progressDetail: { current, total: expected.size }, id })
    return await layers.stage({ path, expected, diffId, onProgress, signal })
  })
}

/** One layer of an image. */
export type Layer = ImageRecord['layers'][number]

/**
 * Gives an image its layers: `stage` is asked for all that are not there at the same time; then each gets its place on
 * top of the one below. `onPlaced` hears of each, base first. When one fails, the others are aborted and those placed
 * stay for the next try; the failure is thrown once all have ended.
 */
async function placeLayers(
  layers: ImageParts['layers'],
  image: Pick<ImageRecord, 'layers'>,
  stage: (layer: Layer, signal: AbortSignal) => Promise<StagedLayer>,
  onPlaced: (layer: Layer) => void = () => {},
): Promise<void> {
  const chain = chainOf(image)
  const abort = new AbortController()
  const staging = image.layers.map(async (layer, index) =>
    (await layers.has(chain[index] as Digest)) ? null : await stage(layer, abort.signal),
  )
  const all = Promise.allSettled(staging)
  const failure = firstFailure(staging)
  failure.catch(() => {})
  try {
    for (const [index, layer] of image.layers.entries()) {
      const staged = await Promise.race([staging[index], failure])
      if (staged) await staged.place(chain[index - 1] ?? null)
      onPlaced(layer)
    }
  } catch (error) {
    abort.abort(error)
    throw error
  } finally {
    for (const outcome of await all) {
      if (outcome.status === 'fulfilled') await outcome.value?.[Symbol.asyncDispose]()
    }
  }
}

/** Rejects with the first of the failures; otherwise never settles. */
function firstFailure(work: readonly Promise<unknown>[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const each of work) each.catch(reject)
  })
}
