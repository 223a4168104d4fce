/**
 * What may go from the content and layer stores: whatever no image needs and no work in progress holds. Commit, hold,
 * release and sweep take turns, so that nothing is removed between being found and being held.
 */
import { type Digest, digestOf } from '@gantry/oci'
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
  /** A sweep has left content that nothing but work in progress needed. */
  #leftForWork = false

  constructor(content: ContentStore, layers: LayerStore, catalog: Catalog) {
    this.#content = content
    this.#layers = layers
    this.#catalog = catalog
  }

  /** What somebody else than images needs, asked at every sweep: blobs by digest, layers by chain id. */
  alsoKeep(needed: () => Iterable<Digest>): void {
    this.#others.push(needed)
  }

  /** What somebody else than images needs now: blobs by digest, layers by chain id. */
  neededByOthers(): Set<Digest> {
    return new Set(this.#others.flatMap((needed) => [...needed()]))
  }

  /** Begins a piece of work whose content is to stay while it lasts. Its end sweeps away what it left unused. */
  begin(): Hold {
    return new Hold(this.#turn, this.#held, this.#content, async (hasNew) => {
      if (hasNew || this.#leftForWork) await this.sweep()
    })
  }

  /** Removes every blob and layer without a use. */
  sweep(): Promise<void> {
    return this.#turn.run(async () => {
      const others = this.neededByOthers()
      this.#leftForWork = false
      this.#catalog.forgetReferrers()
      const blobs = this.#catalog.liveBlobs().union(others)
      for (const digest of await this.#content.list())
        if (!blobs.has(digest) && this.#isUnheld(digest)) await this.#content.release(digest)
      await this.#content.settle(blobs)
      const layers = this.#catalog.liveLayers().union(others)
      for (const chainId of await this.#layers.list())
        if (!layers.has(chainId) && this.#isUnheld(chainId)) await this.#layers.delete(chainId)
    })
  }

  #isUnheld(digest: Digest): boolean {
    const isHeld = this.#held.has(digest)
    this.#leftForWork ||= isHeld
    return !isHeld
  }
}

/** The content that one piece of work needs: blobs by digest, layers by chain id. */
export class Hold implements AsyncDisposable {
  readonly #turn: Lock
  readonly #held: Map<Digest, number>
  readonly #content: ContentStore
  readonly #sweep: (hasNew: boolean) => Promise<void>
  readonly #mine = new Set<Digest>()
  /** Content may have come that nothing else needs. */
  #hasNew = false

  constructor(
    turn: Lock,
    held: Map<Digest, number>,
    content: ContentStore,
    sweep: (hasNew: boolean) => Promise<void>,
  ) {
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
      this.#hasNew = true
      this.#hold(info.digest)
      return info
    })
  }

  /** Stores a small blob, held from its first moment. */
  put(bytes: Uint8Array): Promise<BlobInfo> {
    return this.#turn.run(async () => {
      const digest = digestOf(bytes)
      const isThere = await this.#content.has(digest)
      const info = isThere ? { digest, size: bytes.length } : await this.#content.put(bytes)
      this.#hasNew ||= !isThere
      this.#hold(info.digest)
      return info
    })
  }

  /** From now on these stay, if they are there or come to be. */
  async keep(digests: Iterable<Digest>): Promise<void> {
    this.#hasNew = true
    await this.use(digests)
  }

  /** From now on these stay. They are there, and something else needs them now. */
  async use(digests: Iterable<Digest>): Promise<void> {
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
    await this.#sweep(this.#hasNew)
    this.#hasNew = false
  }
}
