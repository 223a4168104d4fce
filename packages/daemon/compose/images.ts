import { createImages, type Events, type ImageDependencies, type ImageService } from '@gantry/engine'
import type { DaemonConfig } from '../config/config.ts'
import type { Foundations } from './foundations.ts'
import { transferLimits } from './registries.ts'

interface ImageHooks extends Pick<ImageDependencies, 'usersOfImage'> {
  /** Told of each image that has been pulled. */
  afterPull(): void
}

/** The service of images. Neither hook is called before a request comes in, or a sweep begins. */
export async function openImages(
  config: DaemonConfig,
  { registries, steps, archive, content, layers, database, events }: Foundations,
  { usersOfImage, afterPull }: ImageHooks,
): Promise<ImageService> {
  const publish: Events['publish'] = (type, action, id, attributes) => {
    events.publish(type, action, id, attributes)
    if (type === 'image' && action === 'pull') afterPull()
  }
  return await createImages({
    registries,
    limits: () => transferLimits(config),
    reached: steps.faults,
    archive,
    content,
    layers,
    database,
    events: { publish },
    usersOfImage,
  })
}
