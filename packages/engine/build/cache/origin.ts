/** Where a build cache is read from: a registry, an image of this machine, or a directory of the client. */
import {
  type Descriptor,
  type Digest,
  largestConfig,
  largestManifest,
  type Reference,
  type Repository,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import { download } from '../../images/pull/download.ts'

export interface CacheOrigin {
  /** Of a digest; without one, what the user has named. What has a digest is verified. */
  manifest(digest?: Digest): Promise<{ bytes: Buffer; mediaType?: string }>
  /** A small blob whole, not verified. */
  read(blob: Descriptor): Promise<Buffer>
  /** Brings a blob into the content store, verified. Rejects with InvalidParameter when it is something else. */
  bring(blob: Descriptor): Promise<void>
}

export class RegistryOrigin implements CacheOrigin {
  readonly #images: Pick<ImageParts, 'content' | 'transfers'>
  readonly #repository: Repository
  readonly #reference: Reference
  readonly #signal: AbortSignal

  constructor(
    images: Pick<ImageParts, 'content' | 'transfers'>,
    repository: Repository,
    reference: Reference,
    signal: AbortSignal,
  ) {
    this.#images = images
    this.#repository = repository
    this.#reference = reference
    this.#signal = signal
  }

  async manifest(digest?: Digest): Promise<{ bytes: Buffer; mediaType: string }> {
    const wanted = digest ?? this.#reference.digest ?? this.#reference.tag ?? 'latest'
    const options = { signal: this.#signal, limit: largestManifest }
    const { bytes, descriptor } = await this.#repository.manifest(wanted, options)
    return { bytes: Buffer.from(bytes), mediaType: descriptor.mediaType }
  }

  async read(blob: Descriptor): Promise<Buffer> {
    const { stream } = await this.#repository.blob(blob, { signal: this.#signal })
    return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))
  }

  async bring(blob: Descriptor): Promise<void> {
    const { content, transfers } = this.#images
    const { attempts } = transfers.limits()
    const options = { attempts, signal: this.#signal, onRetry: () => undefined }
    await content.receive(
      { digest: blob.digest, size: blob.size },
      { rest: (offset) => download(this.#repository, blob, offset, options), signal: this.#signal },
    )
  }
}

/** An image of this machine: its layers are here already. */
export class ImageOrigin implements CacheOrigin {
  readonly #images: Pick<ImageParts, 'catalog' | 'content'>
  readonly #name: string

  constructor(images: Pick<ImageParts, 'catalog' | 'content'>, name: string) {
    this.#images = images
    this.#name = name
  }

  async manifest(digest?: Digest): Promise<{ bytes: Buffer }> {
    const { catalog, content } = this.#images
    const wanted = digest ?? catalog.find(this.#name).image.manifest
    return { bytes: await content.readAll(wanted, largestManifest) }
  }

  read({ digest }: Descriptor): Promise<Buffer> {
    return this.#images.content.readAll(digest, largestConfig)
  }

  async bring({ digest }: Descriptor): Promise<void> {
    await this.#images.content.info(digest)
  }
}
