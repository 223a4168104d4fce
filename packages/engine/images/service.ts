/** The engine's images: each method is a few lines here and a file beside this one. */
import type { Readable } from 'node:stream'
import type {
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
} from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import { type Digest, isDigest, parseReference, type Reference } from '@gantry/oci'
import type {
  Filters,
  ImageCommitOptions,
  ImageImportOptions,
  ImageInspectOptions,
  ImageListOptions,
  ImageLoadOptions,
  ImagePullOptions,
  ImagePushOptions,
  ImageRemoveOptions,
  Images,
  ProgressMessage,
  ResolvedImage,
} from '../contracts.ts'
import { chainOf, referenceKey } from './catalog.ts'
import {
  type Collectable,
  type CollectionPolicy,
  collect,
  markUsed,
  noteUse,
  planCollection,
} from './collect.ts'
import { commitImage } from './commit.ts'
import type { ImageParts } from './dependencies.ts'
import { diffImages, exploreImage } from './diff.ts'
import { importFromUrl, importImage } from './import.ts'
import { imageHistory, inspectImage } from './inspect.ts'
import { recallIntermediate } from './intermediates.ts'
import { bytesOf } from './layer-sizes.ts'
import { listImages } from './list.ts'
import { loadArchive } from './load/load.ts'
import { progressOf } from './load/progress.ts'
import { type Pruned, pruneImages } from './prune.ts'
import { pullImages } from './pull/pull.ts'
import { pushImages } from './push/push.ts'
import { removeImage } from './remove.ts'
import { describeForRun, selectImage } from './resolve.ts'
import { saveImages } from './save.ts'
import { tagImage } from './tag.ts'
import { unpackImage } from './unpack-image.ts'

/** Images that are part of the product, by full name: the archive of each, to be loaded when it is first asked for. */
export type BuiltIns = ReadonlyMap<string, () => Readable>

export class ImageService implements Images {
  readonly #parts: ImageParts
  readonly #builtIns: BuiltIns
  readonly #installing = new Map<string, Promise<void>>()

  constructor(parts: ImageParts, builtIns: BuiltIns) {
    this.#parts = parts
    this.#builtIns = builtIns
  }

  /** Ends what goes on behind the answers to requests. */
  async close(): Promise<void> {
    await this.#parts.laterReferrers.close()
  }

  /** For the image builder, which makes images of the same parts. */
  get parts(): ImageParts {
    return this.#parts
  }

  resolve(reference: string, platform?: string): Promise<ResolvedImage> {
    const describe = () => describeForRun(this.#parts, selectImage(this.#parts, reference, platform))
    return this.#recalling(reference, async () => {
      try {
        return await describe()
      } catch (error) {
        if (!isKind(error, 'NotFound') || !(await this.#install(reference))) throw error
        return await describe()
      }
    })
  }

  /** Once more, when what is not there was an image in the course of a build, and can be made one now. */
  async #recalling<T>(reference: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!isKind(error, 'NotFound') || !(await recallIntermediate(this.#parts, reference))) throw error
      return await work()
    }
  }

  /** Loads a built-in image of that name that is not here; false when there is none, or it is here. */
  async #install(text: string): Promise<boolean> {
    const name = isDigest(text) ? text : referenceKey(parseReference(text))
    const archive = this.#builtIns.get(name)
    if (!archive || this.#parts.catalog.reference(name)) return false
    const installing = this.#installing.get(name) ?? loadArchive(this.#parts, archive(), () => {}, true)
    this.#installing.set(name, installing)
    try {
      await installing
    } finally {
      this.#installing.delete(name)
    }
    return true
  }

  async rootfs(id: Digest): Promise<string[]> {
    const { catalog, layers } = this.#parts
    const image = catalog.get(id)
    if (!image) throw new GantryError('NotFound', `No such image: ${id}`)
    markUsed(catalog, image, new Date())
    const top = chainOf(image).at(-1)
    if (top === undefined) return []
    if (!(await layers.has(top))) await unpackImage(this.#parts, image)
    return await layers.directories(top)
  }

  list(options: ImageListOptions): Promise<ImageSummary[]> {
    return listImages(this.#parts, options)
  }

  inspect(reference: string, options: ImageInspectOptions = {}): Promise<ImageInspect> {
    return this.#recalling(reference, () => inspectImage(this.#parts, reference, options))
  }

  history(reference: string, platform?: string): Promise<ImageHistoryResponseItem[]> {
    return this.#recalling(reference, () => imageHistory(this.#parts, reference, platform))
  }

  diff(from: string, to: string, platform?: string): Promise<Readable> {
    return this.#recalling(from, () =>
      this.#recalling(to, () => diffImages(this.#parts, [from, to], platform)),
    )
  }

  explore(reference: string, platform?: string): Promise<Readable> {
    return this.#recalling(reference, () => exploreImage(this.#parts, reference, platform))
  }

  async tag(source: string, target: { repo: string; tag: string }): Promise<void> {
    await this.#recalling(source, async () => tagImage(this.#parts, source, target))
  }

  async remove(reference: string, options: ImageRemoveOptions): Promise<ImageDeleteResponseItem[]> {
    const items = await this.#recalling(reference, () => removeImage(this.#parts, reference, options))
    this.#forget(items.filter(({ Deleted }) => Deleted).slice(0, 1))
    await this.sweep()
    return items
  }

  async prune(filters: Filters): Promise<Pruned> {
    const pruned = await pruneImages(this.#parts, filters)
    this.#forget(pruned.deleted)
    await this.sweep()
    return pruned
  }

  /** What was removed does not come back by its id. */
  #forget(items: readonly ImageDeleteResponseItem[]): void {
    for (const { Deleted } of items)
      if (Deleted !== undefined && isDigest(Deleted)) this.#parts.intermediates.forget(Deleted)
  }

  async collect(policy: CollectionPolicy, dryRun: boolean): Promise<Collectable[]> {
    const now = new Date()
    noteUse(this.#parts, now)
    const plan = await planCollection(this.#parts, policy, now)
    if (dryRun) return plan.flat()
    const gone = await collect(this.#parts, plan)
    this.#forget(gone.map(({ id }) => ({ Deleted: id })))
    await this.sweep()
    return gone
  }

  load(
    archive: Readable,
    { quiet = false, signal, platforms = [] }: ImageLoadOptions,
  ): AsyncIterable<ProgressMessage> {
    return progressOf(async (report, abandoned) => {
      const stop = () => archive.destroy(new GantryError('Cancelled', 'loading was given up'))
      const signals = eitherOf(abandoned, signal)
      signals.addEventListener('abort', stop)
      try {
        await loadArchive(this.#parts, archive, report, quiet, platforms)
      } finally {
        signals.removeEventListener('abort', stop)
        archive.destroy()
      }
    })
  }

  pull(reference: Reference, options: ImagePullOptions): AsyncIterable<ProgressMessage> {
    return progressOf((report, abandoned) =>
      pullImages(this.#parts, { ...options, reference }, report, eitherOf(abandoned, options.signal)),
    )
  }

  push(reference: Reference, options: ImagePushOptions): AsyncIterable<ProgressMessage> {
    return progressOf((report, abandoned) =>
      pushImages(this.#parts, reference, options, report, eitherOf(abandoned, options.signal)),
    )
  }

  save(references: string[], platforms: string[] = []): Promise<Readable> {
    const save = () => saveImages(this.#parts, references, platforms)
    return references.reduce((work, reference) => () => this.#recalling(reference, work), save)()
  }

  import(rootfs: Readable, options: ImageImportOptions): Promise<Digest> {
    return importImage(this.#parts, { name: '-', open: async () => rootfs }, options)
  }

  importFrom(url: string, options: ImageImportOptions): AsyncIterable<ProgressMessage> {
    return progressOf((report, abandoned) =>
      importFromUrl(this.#parts, url, options, report, eitherOf(abandoned, options.signal)),
    )
  }

  commit(layer: () => Promise<Readable>, options: ImageCommitOptions): Promise<{ id: Digest; name: string }> {
    return commitImage(this.#parts, layer, options)
  }

  count(): number {
    return this.#parts.catalog.images().length
  }

  layerBytes(): Promise<number> {
    const { catalog, layers } = this.#parts
    return bytesOf(layers, catalog.liveLayers())
  }

  /** Removes content that nothing needs any more; also images that were only kept for a container that has gone. */
  async sweep(): Promise<void> {
    const { catalog, usersOfImage, retention } = this.#parts
    for (const { id } of catalog.retired()) if (usersOfImage(id).length === 0) catalog.drop(id)
    await retention.sweep()
  }

  /** What `sweep` does, if an image that was removed by force has lost its last container; cheap otherwise. */
  async sweepRetired(): Promise<void> {
    const { catalog, usersOfImage } = this.#parts
    if (catalog.retired().some(({ id }) => usersOfImage(id).length === 0)) await this.sweep()
  }
}

const eitherOf = (first: AbortSignal, second?: AbortSignal): AbortSignal =>
  second ? AbortSignal.any([first, second]) : first
