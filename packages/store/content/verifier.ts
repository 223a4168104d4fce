import { createHash } from 'node:crypto'
import { GantryError } from '@gantry/errors'
import type { Digest } from '@gantry/oci'

/** Hashes bytes as they pass, to say at the end whether they are what the digest names. */
export class Verifier {
  readonly #expected: Digest
  readonly #hash = createHash('sha256')

  constructor(expected: Digest) {
    this.#expected = expected
  }

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes)
    return this
  }

  /** Null when all is well. To be asked once. */
  failure(): GantryError | null {
    const actual = `sha256:${this.#hash.digest('hex')}`
    if (actual === this.#expected) return null
    return new GantryError('System', `content ${this.#expected} is damaged: its bytes are ${actual}`)
  }
}
