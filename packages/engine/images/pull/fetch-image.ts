/** From what a registry calls an image to its manifest, configuration and, for an index, what else belongs to it. */
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  type Index,
  isImageConfigType,
  isKnownLayerType,
  type Manifest,
  type Platform,
  parseManifest,
  type Repository,
} from '@gantry/oci'
import { otherSize } from '../read-image.ts'
import type { Hold } from '../retention.ts'
import { attestationsOf, choosePlatform } from './choose.ts'
import { fetchBlob } from './fetch-blob.ts'

export interface RemoteImage {
  /** What the name stands for: the index, or the manifest itself. */
  top: Descriptor
  manifest: Manifest
  manifestDigest: Digest
  /** Present when the name stands for an index; `blobs` is what else of it has been fetched. */
  index?: { digest: Digest; blobs: Digest[] }
}

export interface Wish {
  platform: Platform
  /** Whether the user named the platform. */
  exactly: boolean
}

const deepestIndex = 4

export class ImageFetcher {
  readonly #repository: Repository
  readonly #hold: Hold
  readonly #signal: AbortSignal

  constructor(repository: Repository, hold: Hold, signal: AbortSignal) {
    this.#repository = repository
    this.#hold = hold
    this.#signal = signal
  }

  /** Fetches what a tag or digest names, all but the layers. Everything is held. */
  async fetch(tagOrDigest: string, wish: Wish): Promise<RemoteImage> {
    const { descriptor: top, body } = await this.#manifest(tagOrDigest)
    if (body.kind === 'manifest') {
      return { top, manifest: await this.#complete(body), manifestDigest: top.digest }
    }
    let index: Index = body
    const blobs: Digest[] = []
    for (let depth = 1; depth <= deepestIndex; depth++) {
      const chosen = choosePlatform(index, wish.platform, wish.exactly)
      const { descriptor, body: child } = await this.#member(chosen)
      blobs.push(...(await this.#attestations(index, chosen)))
      if (child.kind === 'manifest') {
        const manifest = await this.#complete(child)
        return { top, manifest, manifestDigest: descriptor.digest, index: { digest: top.digest, blobs } }
      }
      blobs.push(descriptor.digest)
      index = child
    }
    throw new GantryError('InvalidParameter', 'image indexes are nested too deeply')
  }

  async #manifest(
    tagOrDigest: string,
    mediaType?: string,
  ): Promise<{ descriptor: Descriptor; body: Manifest | Index }> {
    const { descriptor, bytes } = await this.#repository.manifest(tagOrDigest, { signal: this.#signal })
    const body = parseManifest(bytes, mediaType ?? descriptor.mediaType)
    await this.#hold.put(bytes)
    return { descriptor, body }
  }

  /** What an index refers to. Rejects with InvalidParameter when it has another size than the index says. */
  async #member({
    digest,
    mediaType,
    size,
  }: Descriptor): Promise<{ descriptor: Descriptor; body: Manifest | Index }> {
    const member = await this.#manifest(digest, mediaType)
    if (member.descriptor.size === size) return member
    throw new GantryError('InvalidParameter', otherSize(digest, member.descriptor.size, size))
  }

  /** Checks what can be run, and fetches the configuration. */
  async #complete(manifest: Manifest): Promise<Manifest> {
    const { config, layers } = manifest
    if (!isImageConfigType(config.mediaType)) {
      throw new GantryError('InvalidParameter', `unsupported media type ${config.mediaType}`)
    }
    for (const { mediaType, digest } of layers) {
      if (isKnownLayerType(mediaType)) continue
      const problem = /foreign|nondistributable/.test(mediaType)
        ? `foreign layer ${digest} is not downloaded: it is not the registry's`
        : `unsupported media type ${mediaType}`
      throw new GantryError('InvalidParameter', problem)
    }
    await fetchBlob(this.#repository, this.#hold, config, this.#signal)
    return manifest
  }

  /** What the index says about an image: small, and not needed to run it, so what is not there is left out. */
  async #attestations(index: Index, image: Descriptor): Promise<Digest[]> {
    const fetched: Digest[] = []
    for (const each of attestationsOf(index, image)) {
      try {
        const { body } = await this.#member(each)
        if (body.kind !== 'manifest') continue
        const parts = [body.config, ...body.layers]
        for (const part of parts) await fetchBlob(this.#repository, this.#hold, part, this.#signal)
        fetched.push(each.digest, ...parts.map(({ digest }) => digest))
      } catch {
        this.#signal.throwIfAborted()
      }
    }
    return fetched
  }
}
