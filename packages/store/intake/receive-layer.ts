import { isKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import { keepingPartial } from '../content/partial-blobs.ts'
import type { BlobFeed, BlobInfo, ContentStore, LayerStore, StagedLayer } from '../contracts.ts'

export interface IncomingLayer extends BlobFeed {
  /** The bytes as they come. */
  blob: BlobInfo
  diffId: Digest
}

/**
 * Takes a layer in with one pass over its bytes: each goes to the blob's file and through decompression to the unpacked
 * tree, verified on both sides. A blob that is stored already is not downloaded; one that turns out damaged is, again.
 * Rejects as `ContentStore.receive` does.
 */
export async function receiveLayer(
  { content, layers }: { content: ContentStore; layers: Pick<LayerStore, 'stage'> },
  { blob, diffId, rest, ...watch }: IncomingLayer,
): Promise<StagedLayer> {
  const expectation = { expected: blob, diffId, ...watch }
  if (await content.has(blob.digest)) {
    try {
      return await layers.stage({ path: await content.locate(blob.digest), ...expectation })
    } catch (error) {
      if (!isKind(error, 'InvalidParameter')) throw error
      await content.delete(blob.digest)
    }
  }
  const partial = await content.partial(blob.digest)
  const staged = await keepingPartial(partial, () =>
    layers.stage({ path: partial.path, rest, ...expectation }),
  )
  await using undo = new AsyncDisposableStack()
  undo.use(staged)
  await partial.publish()
  undo.move()
  return staged
}
