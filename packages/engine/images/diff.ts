/** `GET /images/{name}/diff`: what differs between the file systems of two images. */
import type { Readable } from 'node:stream'
import type { LayerDirectory } from '@gantry/archive'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import type { ImageRecord } from './records.ts'
import { selectImage } from './resolve.ts'
import { unpackImage } from './unpack-image.ts'

/**
 * From one image to another: a line of JSON for each object that was added, changed or removed, in the order of paths.
 * Both images' layers stay while the stream is open. Rejects with NotFound `No such image: X`.
 */
export async function diffImages(
  parts: ImageParts,
  [from, to]: readonly [string, string],
  platform?: string,
): Promise<Readable> {
  const images = [selectImage(parts, from, platform), selectImage(parts, to, platform)] as const
  const hold = parts.retention.begin()
  try {
    await hold.use(images.flatMap((image) => [...chainOf(image), ...image.layers.map(({ blob }) => blob)]))
    const [before, after] = [await layersOf(parts, images[0]), await layersOf(parts, images[1])]
    const body = await parts.archive.compare(before, after)
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
