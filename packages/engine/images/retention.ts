/**
 * What may go from the content and layer stores: whatever no image needs and no work in progress holds. Commit, hold,
 * release and sweep take turns, so that nothing is removed between being found and being held.
 */
import type { Digest } from '@gantry/oci'
import type { BlobInfo, BlobWriter, ContentStore, LayerStore } from '@gantry/store'
import { Lock } from '../containers/lock.ts'
import type { Catalog } from './catalog.ts'

export class Retention {
  readonly #content: ContentStore
  readonly #layers: LayerStore
  readonly #catalog: Catalog
  readonly #turn = new Lock()
  readonly #held = new Map<Digest, number>()
  readonly #others: (() => Iterable<Digest>)[] = []

  constructor(content: ContentStore, layers: LayerStore, catalog: Catalog) {
    this.#content = content
    this.#layers = layers
    this.#catalog = catalog
  }

  /** What somebody else than images needs, asked at every sweep: blobs by digest, layers by chain id. */
  alsoKeep(needed: () => Iterable<Digest>): void {
    this.#others.push(needed)
  }

  /** Begins a piece of work whose content is to stay while it lasts. Its end sweeps away what it left unused. */
  begin(): Hold {
    return new Hold(this.#turn, this.#held, this.#content, () => this.sweep())
  }

  /** Removes every blob and layer without a use. */
  sweep(): Promise<void> {
    return this.#turn.run(async () => {
      const others = new Set(this.#others.flatMap((needed) => [...needed()]))
      const blobs = this.#catalog.liveBlobs().union(others)
      for (const digest of await this.#content.list()) {
        if (!blobs.has(digest) && !this.#held.has(digest)) await this.#content.delete(digest)
      }
      const layers = this.#catalog.liveLayers().union(others)
      for (const chainId of await this.#layers.list()) {
        if (!layers.has(chainId) && !this.#held.has(chainId)) await this.#layers.delete(chainId)
      }
    })
  }
}

/** The content that one piece of work needs: blobs by digest, layers by chain id. */
export class Hold implements AsyncDisposable {
  readonly #turn: Lock
  readonly #held: Map<Digest, number>
  readonly #content: ContentStore
  readonly #sweep: () => Promise<void>
  readonly #mine = new Set<Digest>()

  constructor(turn: Lock, held: Map<Digest, number>, content: ContentStore, sweep: () => Promise<void>) {
    this.#turn = turn
    this.#held = held
    this.#content = content
    this.#sweep = sweep
  }

  has(digest: Digest): Promise<boolean> {
    return this.#content.has(digest)
  }

  /** Publishes an upload, held from its first moment. */
  commit(
    writer: Pick<BlobWriter, 'commit'>,
    expected?: { digest?: Digest; size?: number },
  ): Promise<BlobInfo> {
    return this.#turn.run(async () => {
      const info = await writer.commit(expected)
      this.#hold(info.digest)
      return info
    })
  }

  /** Stores a small blob, held from its first moment. */
  put(bytes: Uint8Array): Promise<BlobInfo> {
    return this.#turn.run(async () => {
      const info = await this.#content.put(bytes)
      this.#hold(info.digest)
      return info
    })
  }

  /** From now on these stay, if they are there or come to be. */
  async keep(digests: Iterable<Digest>): Promise<void> {
    await this.#turn.run(async () => {
      for (const digest of digests) this.#hold(digest)
    })
  }

  #hold(digest: Digest): void {
    if (this.#mine.has(digest)) return
    this.#mine.add(digest)
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.run(async () => {
      for (const digest of this.#mine) {
        const others = (this.#held.get(digest) ?? 1) - 1
        if (others > 0) this.#held.set(digest, others)
        else this.#held.delete(digest)
      }
      this.#mine.clear()
    })
    await this.#sweep()
  }
}
