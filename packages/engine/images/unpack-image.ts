import { Transform } from 'node:stream'
import { type Digest, hexOf } from '@gantry/oci'
import type { ProgressMessage } from '../contracts.ts'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import type { ImageRecord } from './records.ts'

/** Bytes between two messages about the same layer. */
const progressStep = 512 * 1024

/** Unpacks the layers of an image that are not unpacked yet, base first, and tells how far it is. */
export async function unpackImage(
  { content, layers }: Pick<ImageParts, 'content' | 'layers'>,
  image: ImageRecord,
  report: (message: ProgressMessage) => void = () => {},
): Promise<void> {
  let parent: Digest | null = null
  for (const [index, chainId] of chainOf(image).entries()) {
    const { diffId, blob } = image.layers[index] as ImageRecord['layers'][number]
    if (!(await layers.has(chainId))) {
      const { size } = await content.info(blob)
      const source = await content.read(blob)
      const counted = source.pipe(counting(size, hexOf(diffId).slice(0, 12), report))
      source.on('error', (error) => counted.destroy(error))
      counted.on('close', () => source.destroy())
      await layers.unpack(counted, diffId, parent)
    }
    parent = chainId
  }
}

function counting(total: number, id: string, report: (message: ProgressMessage) => void): Transform {
  let current = 0
  let told = 0
  const tell = () => {
    told = current
    report({ status: 'Loading layer', progressDetail: { current, total }, id })
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      current += chunk.length
      if (current - told >= progressStep || current === total) tell()
      done(null, chunk)
    },
  })
}
