/** What the layers of images hold: `GET /images/{name}/diff` and `GET /images/{name}/layers`. */
import type { Readable } from 'node:stream'
import type { LayerDirectory } from '@gantry/archive'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { readConfig } from './read-image.ts'
import type { ImageRecord } from './records.ts'
import { selectImage } from './resolve.ts'
import { unpackImage } from './unpack-image.ts'

/**
 * From one image to another: a line of JSON for each object that was added, changed or removed, in the order of paths.
 * Rejects with NotFound `No such image: X`.
 */
export async function diffImages(
  parts: ImageParts,
  [from, to]: readonly [string, string],
  platform?: string,
): Promise<Readable> {
  const images = [selectImage(parts, from, platform), selectImage(parts, to, platform)] as const
  return await whileHeld(parts, images, async () =>
    parts.archive.compare(await layersOf(parts, images[0]), await layersOf(parts, images[1])),
  )
}

/**
 * What each layer of an image does to the file system below it: a line of JSON for each layer, base first, then one for each
 * object that it adds, changes or removes. Rejects with NotFound `No such image: X`.
 */
export async function exploreImage(parts: ImageParts, name: string, platform?: string): Promise<Readable> {
  const image = selectImage(parts, name, platform)
  return await whileHeld(parts, [image], async () => {
    const layers = await layersOf(parts, image)
    const { history } = await readConfig(parts.content, image.id)
    const steps = history.filter(({ empty_layer }) => !empty_layer)
    return await parts.archive.explore(
      layers.map((layer, index) => ({ ...layer, createdBy: steps[index]?.created_by ?? '' })),
    )
  })
}

/** The layers stay while the stream is open. */
async function whileHeld(
  parts: ImageParts,
  images: readonly ImageRecord[],
  open: () => Promise<Readable>,
): Promise<Readable> {
  const hold = parts.retention.begin()
  try {
    await hold.use(images.flatMap((image) => [...chainOf(image), ...image.layers.map(({ blob }) => blob)]))
    const body = await open()
    // What this end cannot sweep, the next one does.
    body.on('close', () => hold[Symbol.asyncDispose]().catch(() => {}))
    return body
  } catch (error) {
    await hold[Symbol.asyncDispose]()
    throw error
  }
}

/** Base first. */
async function layersOf(parts: ImageParts, image: ImageRecord): Promise<LayerDirectory[]> {
  await unpackImage(parts, image)
  const top = chainOf(image).at(-1)
  const directories = top === undefined ? [] : await parts.layers.directories(top)
  return directories
    .reverse()
    .map((directory, index) => ({ directory, layer: image.layers[index]?.diffId ?? '' }))
}
