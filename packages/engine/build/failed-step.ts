/** What a failed RUN left, as an image without a name: for a shell in it. */
import type { ArchiveWorkers } from '@gantry/archive'
import type { RunStep, Snapshot } from '@gantry/build'
import type { Digest } from '@gantry/oci'
import type { ImageParts } from '../images/dependencies.ts'
import { storeImage } from '../images/store-image.ts'
import { LayerBlobs } from './outputs/layers.ts'

export interface FailedStepParts {
  images: ImageParts
  archive: Pick<ArchiveWorkers, 'layer'>
}

/**
 * Its user, environment and working directory are the step's; secrets, proxies and mounts are not in it. Resolves to
 * the image's id. The client removes it; what a vanished client leaves, `image prune` takes.
 */
export async function keepFailedStep(
  { images, archive }: FailedStepParts,
  { env, user, workingDir, platform }: RunStep,
  snapshot: Snapshot,
): Promise<Digest> {
  await using hold = images.retention.begin()
  const layers = await new LayerBlobs(images, archive, hold).of(snapshot, snapshot.layers.length, null, null)
  const created = new Date().toISOString()
  const file = {
    ...platform,
    created,
    config: { Env: [...env], User: user, WorkingDir: workingDir, Cmd: ['/bin/sh'] },
    diffIds: layers.map(({ diffId }) => diffId),
    history: layers.map(() => ({ created, comment: 'of a failed step' })),
  }
  return await storeImage(
    images,
    hold,
    file,
    layers.map(({ descriptor }) => descriptor),
  )
}
