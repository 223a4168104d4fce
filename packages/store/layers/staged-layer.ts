import { rm } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import type { Compression, Digest } from '@gantry/oci'
import type { BlobInfo, StagedLayer, UnpackedLayer } from '../contracts.ts'
import type { UnpackResult } from '../intake/messages.ts'

/** A layer that is unpacked but has no place in a chain yet: a directory of its own, removed when it gets none. */
export class Draft implements StagedLayer {
  readonly directory: string
  readonly blob: BlobInfo
  readonly unpacked: UnpackResult
  readonly #place: (draft: Draft, parent: Digest | null) => Promise<UnpackedLayer>
  #open = true

  constructor(
    directory: string,
    blob: BlobInfo,
    unpacked: UnpackResult,
    place: (draft: Draft, parent: Digest | null) => Promise<UnpackedLayer>,
  ) {
    this.directory = directory
    this.blob = blob
    this.unpacked = unpacked
    this.#place = place
  }

  get diffId(): Digest {
    return this.unpacked.diffId
  }

  get compression(): Compression {
    return this.unpacked.compression
  }

  get size(): number {
    return this.unpacked.size
  }

  async place(parent: Digest | null): Promise<UnpackedLayer> {
    if (!this.#open) throw new GantryError('Conflict', 'the layer has its place already')
    this.#open = false
    try {
      return await this.#place(this, parent)
    } finally {
      await this.#remove()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#remove()
  }

  /** Whatever was not renamed to its place. */
  #remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }
}
