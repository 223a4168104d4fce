/** Configurations of the images that were built upon last: they are small, and asked for by every build. */
import { type Digest, type ImageConfigFile, largestConfig, parseImageConfig } from '@gantry/oci'
import type { ContentStore } from '@gantry/store'

/** How many are kept, and of how many bytes at most. */
const most = 16
const largest = 32 << 10

export class KnownConfigs {
  readonly #content: Pick<ContentStore, 'readAll'>
  readonly #configs = new Map<Digest, ImageConfigFile>()

  constructor(content: Pick<ContentStore, 'readAll'>) {
    this.#content = content
  }

  /** The same object as the last time, mostly: it is not to be changed. Rejects with NotFound or InvalidParameter. */
  async read(id: Digest): Promise<ImageConfigFile> {
    const known = this.#configs.get(id)
    if (known) return known
    const bytes = await this.#content.readAll(id, largestConfig)
    const config = parseImageConfig(bytes)
    if (bytes.length > largest) return config
    this.#configs.set(id, config)
    const [oldest] = this.#configs.keys()
    if (this.#configs.size > most && oldest !== undefined) this.#configs.delete(oldest)
    return config
  }
}
