/**
 * The files of an archive on their way into the content store. Those that look like layers go through an intake thread,
 * which hashes, keeps and unpacks them in one pass while the archive goes on with the next.
 */

import { GantryError } from '@gantry/errors'
import { type Digest, startsLayer, type TarEntry } from '@gantry/oci'
import type { BlobDraft, BlobInfo, ContentStore, LayerStore, StagedLayer } from '@gantry/store'
import type { ImageParts } from '../dependencies.ts'
import type { Hold } from '../retention.ts'
import type { Slots } from '../transfer/slots.ts'

/** Told how far a layer has come in; `total` bytes in all. */
export type OnLayer = (name: string, current: number, total: number) => void

/** Enough to tell what a file is: the block of a tar header. */
const headSize = 512

export class ArrivingFiles implements AsyncDisposable {
  readonly #content: ContentStore
  readonly #layers: LayerStore
  readonly #arrivals: Slots
  readonly #hold: Hold
  readonly #onLayer: OnLayer
  readonly #abort = new AbortController()
  readonly #working: Promise<void>[] = []
  readonly #staged = new Map<Digest, StagedLayer>()

  constructor(
    { content, layers, transfers }: Pick<ImageParts, 'content' | 'layers' | 'transfers'>,
    hold: Hold,
    onLayer: OnLayer,
  ) {
    this.#content = content
    this.#layers = layers
    this.#arrivals = transfers.arrivals
    this.#hold = hold
    this.#onLayer = onLayer
  }

  /**
   * Reads an entry to its end; `done` hears of the blob, which may be later. Rejects with InvalidParameter when it is not
   * what its name says (`digest`), and with what made an earlier one fail.
   */
  async add(entry: TarEntry, digest: Digest | undefined, done: (blob: BlobInfo) => void): Promise<void> {
    const expected = { size: entry.header.size, ...(digest && { digest }) }
    if (digest && (await this.#isHere(digest, entry.header.size))) return done(expected as BlobInfo)
    const chunks = contentOf(entry)
    const { head, all } = await peek(chunks)
    using place = startsLayer(head) ? this.#arrivals.tryEnter() : null
    // With all places taken, a layer is kept now and unpacked when the archive is there.
    if (place === null) return done(await this.#store(all, expected))
    const read = Promise.withResolvers<void>()
    const work = this.#takeIn(entry.header.name, signalling(all, read.resolve), expected, done)
    this.#working.push(work)
    // What fails without having been read to its end would otherwise be waited for.
    await Promise.race([read.promise, work])
  }

  /** Waits until every file has come in. Rejects with the first failure. */
  async settle(): Promise<void> {
    await Promise.all(this.#working)
  }

  /** The unpacked layer that came as this blob; once, and for the caller to dispose of. */
  take(blob: Digest): StagedLayer | undefined {
    const staged = this.#staged.get(blob)
    this.#staged.delete(blob)
    return staged
  }

  /** Content that is here already is not read again. */
  async #isHere(digest: Digest, size: number): Promise<boolean> {
    await this.#hold.keep([digest])
    const info = await this.#content.info(digest).catch(() => null)
    return info?.size === size
  }

  async #store(chunks: AsyncIterable<Buffer>, expected: Partial<BlobInfo>): Promise<BlobInfo> {
    await using writer = await this.#content.writer()
    for await (const chunk of chunks) await writer.write(chunk)
    return await this.#hold.commit(writer, expected)
  }

  async #takeIn(
    name: string,
    chunks: AsyncIterable<Buffer>,
    expected: { digest?: Digest; size: number },
    done: (blob: BlobInfo) => void,
  ): Promise<void> {
    await using draft: BlobDraft = await this.#content.draft()
    const { blob, staged } = await this.#layers.tryStage({
      path: draft.path,
      rest: () => chunks,
      expected,
      onProgress: (current) => this.#onLayer(name, current, expected.size),
      signal: this.#abort.signal,
    })
    await using undo = new AsyncDisposableStack()
    if (staged) undo.use(staged)
    await this.#hold.commit({ commit: () => draft.publish(blob) })
    if (staged && !this.#staged.has(blob.digest)) {
      undo.move()
      this.#staged.set(blob.digest, staged)
    }
    done(blob)
  }

  /** Gives up what is still on its way, and removes what nobody took. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new GantryError('Cancelled', 'loading was given up'))
    await Promise.allSettled(this.#working)
    for (const staged of this.#staged.values()) await staged[Symbol.asyncDispose]()
    this.#staged.clear()
  }
}

async function* contentOf(entry: TarEntry): AsyncGenerator<Buffer> {
  let read = 0
  for await (const { offset, data } of entry.pieces()) {
    if (offset !== read) throw sparse()
    read += data.length
    yield data
  }
  if (read !== entry.header.size) throw sparse()
}

const sparse = () => new GantryError('InvalidParameter', 'sparse file in an image archive')

/** The first bytes, and all of them. */
async function peek(chunks: AsyncGenerator<Buffer>): Promise<{ head: Buffer; all: AsyncGenerator<Buffer> }> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < headSize) {
    const next = await chunks.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  const all = async function* () {
    if (head.length > 0) yield head
    yield* chunks
  }
  return { head: head.subarray(0, headSize), all: all() }
}

/** Calls `onEnd` once nothing more is read from the source, be it read to its end or not. */
async function* signalling(chunks: AsyncGenerator<Buffer>, onEnd: () => void): AsyncGenerator<Buffer> {
  try {
    yield* chunks
  } finally {
    onEnd()
  }
}
