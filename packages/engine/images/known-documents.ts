/** Configurations and manifests of the images that were asked for last: they are small, and every build wants some again. */
import { Recent } from '@gantry/build'
import {
  type Digest,
  type ImageConfigFile,
  type Index,
  largestConfig,
  largestManifest,
  type Manifest,
  parseImageConfig,
  parseManifest,
} from '@gantry/oci'
import type { ContentStore } from '@gantry/store'

/** How many are kept, and of how many bytes at most. */
const most = 16
const largest = 32 << 10

type Content = Pick<ContentStore, 'readAll'>

/** A manifest or index, and the bytes that it takes in the store. */
export interface StoredManifest {
  manifest: Manifest | Index
  size: number
}

/** What is read is not to be changed: the same object is given out again, mostly. */
export class KnownDocuments {
  readonly #configs: Documents<ImageConfigFile>
  readonly #manifests: Documents<StoredManifest>

  constructor(content: Content) {
    this.#configs = new Documents(content, largestConfig, parseImageConfig)
    this.#manifests = new Documents(content, largestManifest, (bytes) => ({
      manifest: parseManifest(bytes),
      size: bytes.length,
    }))
  }

  /** An image's configuration. Rejects with NotFound or InvalidParameter. */
  config(id: Digest): Promise<ImageConfigFile> {
    return this.#configs.read(id)
  }

  /** Rejects with NotFound or InvalidParameter. What is known may have been removed from the store since. */
  manifest(digest: Digest): Promise<StoredManifest> {
    return this.#manifests.read(digest)
  }
}

class Documents<T> {
  readonly #content: Content
  readonly #limit: number
  readonly #parse: (bytes: Buffer) => T
  readonly #known = new Recent<Digest, T>(most)

  constructor(content: Content, limit: number, parse: (bytes: Buffer) => T) {
    this.#content = content
    this.#limit = limit
    this.#parse = parse
  }

  async read(digest: Digest): Promise<T> {
    const known = this.#known.get(digest)
    if (known) return known
    const bytes = await this.#content.readAll(digest, this.#limit)
    const document = this.#parse(bytes)
    if (bytes.length <= largest) this.#known.set(digest, document)
    return document
  }
}
