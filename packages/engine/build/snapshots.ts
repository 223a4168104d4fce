/** File systems of image builds: layers of the image store, and new ones on top of them. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveWorkers, Upper } from '@gantry/archive'
import type {
  BaseImage,
  CommitOptions,
  ImageLookup,
  Snapshot,
  SnapshotLayer,
  Snapshots,
  WritableSnapshot,
} from '@gantry/build'
import { GantryError, isKind } from '@gantry/errors'
import {
  chainIdOf,
  chainIdsOf,
  type Digest,
  formatPlatform,
  isDigest,
  type Platform,
  parseReference,
} from '@gantry/oci'
import { mountOverlay, UnmountFlag, unmount } from '@gantry/syscall'
import type { FaultPoint } from '../containers/faults.ts'
import { engineMountPoints } from '../containers/files/upper.ts'
import type { Images } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import type { ImageRecord } from '../images/records.ts'
import { selectImage } from '../images/resolve.ts'
import type { Hold } from '../images/retention.ts'
import { layoutRepository } from './named-contexts.ts'

export interface SnapshotParts {
  images: Pick<Images, 'resolve' | 'rootfs' | 'pull'>
  parts: ImageParts
  archive: ArchiveWorkers
  /** Of their own: what is in it belongs to running builds. On the file system of the layers. */
  directory: string
  faults: FaultPoint
}

/** Opens the place of snapshots; what a killed daemon left in it goes. */
export async function openSnapshots(options: SnapshotParts): Promise<BuildSnapshots> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  for (const name of await readdir(options.directory)) await removeDraft(join(options.directory, name))
  return new BuildSnapshots(options)
}

export class BuildSnapshots implements Snapshots {
  readonly #options: SnapshotParts
  /** What running builds have made or use. */
  #hold: Hold
  /** Layers that were found to be there since, and are held: twenty steps have two hundred below them. */
  readonly #present = new Set<Digest>()
  #builds = 0
  /** Layers whose archives have been seen: they stay as long as a record of the cache needs them. */
  readonly #archived = new Set<Digest>()

  constructor(options: SnapshotParts) {
    this.#options = options
    this.#hold = options.parts.retention.begin()
  }

  /** From now on until it is disposed of, nothing that a build makes or uses is swept away. */
  begin(): AsyncDisposable {
    this.#builds++
    return {
      [Symbol.asyncDispose]: async () => {
        if (--this.#builds > 0) return
        const ended = this.#hold
        this.#hold = this.#options.parts.retention.begin()
        this.#present.clear()
        await ended[Symbol.asyncDispose]()
      },
    }
  }

  async image(reference: string, platform: Platform, options: ImageLookup): Promise<BaseImage> {
    const { images, parts } = this.#options
    const image = await this.#find(reference, formatPlatform(platform), options)
    await images.rootfs(image.id) // unpacks it when that has not been done
    const diffIds = image.layers.map(({ diffId }) => diffId)
    const chain = chainIdsOf(diffIds)
    await this.#hold.use([image.id, image.manifest, ...chain, ...image.layers.map(({ blob }) => blob)])
    const layers: SnapshotLayer[] = []
    for (const [index, diffId] of diffIds.entries()) {
      const chainId = chain[index] ?? diffId
      layers.push({ diffId, chainId, size: await parts.layers.size(chainId) })
    }
    const config = await parts.documents.config(image.id)
    const digest = parts.catalog.find(reference).reference?.index?.digest ?? image.manifest
    return { reference, digest, id: image.id, config, snapshot: { layers } }
  }

  /** An image that is here; else one that is built in; else it is pulled. */
  async #find(reference: string, platform: string, options: ImageLookup): Promise<ImageRecord> {
    const { images, parts } = this.#options
    if (options.pull) return await this.#pulled(reference, platform, options)
    try {
      return selectImage(parts, reference, platform)
    } catch (error) {
      if (!isKind(error, 'NotFound')) throw error
    }
    try {
      await images.resolve(reference, platform)
    } catch (error) {
      if (!isKind(error, 'NotFound')) throw error
      return await this.#pulled(reference, platform, options)
    }
    return selectImage(parts, reference, platform)
  }

  /** What is no index in its registry is taken whatever it is for, as by BuildKit: a check tells of it. */
  async #pulled(reference: string, platform: string, options: ImageLookup): Promise<ImageRecord> {
    const { parts } = this.#options
    const isLayout = reference.startsWith(`${layoutRepository}/`)
    if (!isLayout && !isDigest(reference)) await this.#pull(reference, platform, options)
    const isIndex = parts.catalog.find(reference).reference?.index !== undefined
    try {
      return selectImage(parts, reference, isIndex ? platform : undefined)
    } catch (error) {
      if (!isLayout) throw error
      throw new GantryError('InvalidParameter', `the layout has no image for ${platform}`, { cause: error })
    }
  }

  async #pull(
    reference: string,
    platform: string,
    { signal, progress, credentials }: ImageLookup,
  ): Promise<void> {
    const wanted = parseReference(reference)
    const access = await credentials?.(wanted.domain)
    const options = { platform, signal, ...(access && { credentials: access }) }
    const messages = this.#options.images.pull(wanted, options)
    for await (const { id, error, progressDetail } of messages) {
      if (error) throw new GantryError('NotFound', error)
      const { current = 0, total = 0 } = progressDetail ?? {}
      if (id && total > 0) progress({ id, current, total })
    }
  }

  async open({ layers }: Snapshot): Promise<WritableSnapshot> {
    const top = layers.at(-1)
    const lower = top ? await this.#options.parts.layers.directories(top.chainId) : []
    return await this.#draft(lower, layers)
  }

  async over(tree: string): Promise<WritableSnapshot> {
    return await this.#draft([tree], [])
  }

  /** `layers`: the snapshot that `lower` is of. */
  async #draft(below: string[], layers: Snapshot['layers']): Promise<WritableSnapshot> {
    const { directory, faults } = this.#options
    const place = join(directory, randomUUID())
    const [upper, work, root, empty] = ['upper', 'work', 'root', 'empty'].map((name) =>
      join(place, name),
    ) as [string, string, string, string]
    await using undo = new AsyncDisposableStack()
    undo.defer(() => removeDraft(place))
    for (const path of [upper, work, root, empty]) await mkdir(path, { recursive: true, mode: 0o755 })
    const lower = below.length > 0 ? below : [empty]
    undo.move()
    return new Draft({ lower, upper, work }, root, {
      commit: (mountPoints, signal) => this.#store({ layers }, { upper, lower, mountPoints }, signal),
      remove: () => removeDraft(place),
      mounted: () => faults('build.snapshot.mounted'),
    })
  }

  /** One pass makes the archive and its digest, which is also the diff id; the directory becomes the unpacked layer. */
  async #store(
    { layers }: Snapshot,
    { mountPoints, ...upper }: Upper,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const { parts, archive, faults } = this.#options
    const parent = layers.at(-1)?.chainId ?? null
    await using draft = await parts.content.draft()
    const whole = { ...upper, mountPoints: [...engineMountPoints, ...mountPoints] }
    const { contentSize, ...blob } = await archive.seal(whole, draft.path, signal)
    const { digest: diffId } = await this.#hold.commit({ commit: () => draft.publish(blob) })
    faults('build.layer.packed')
    await this.#hold.keep([chainIdOf(parent, diffId)])
    const { chainId, size } = await parts.layers.adopt(upper.upper, { diffId, size: contentSize }, parent)
    faults('build.layer.stored')
    return { layers: [...layers, { diffId, chainId, size }] }
  }

  async view({ layers }: Snapshot): Promise<AsyncDisposable & { root: string }> {
    await using undo = new AsyncDisposableStack()
    const root = await undo.use(await this.open({ layers })).root()
    const kept = undo.move()
    return { root, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  async stack(below: Snapshot, above: Snapshot): Promise<Snapshot> {
    const { parts } = this.#options
    const layers = [...below.layers]
    for (const { diffId } of above.layers) {
      const parent = layers.at(-1)?.chainId ?? null
      const known = chainIdOf(parent, diffId)
      await this.#hold.keep([known])
      if (await parts.layers.has(known)) {
        layers.push({ diffId, chainId: known, size: await parts.layers.size(known) })
        continue
      }
      const expected = await parts.content.info(diffId)
      await using staged = await parts.layers.stage({
        path: await parts.content.locate(diffId),
        expected,
        diffId,
      })
      const { chainId, size } = await staged.place(parent)
      layers.push({ diffId, chainId, size })
    }
    return { layers }
  }

  /** Also the archive of the top layer must be there, as an image is made of it; those below are of other records. */
  async has({ layers }: Snapshot): Promise<boolean> {
    const { layers: store, content, catalog } = this.#options.parts
    for (const { chainId } of layers)
      if (!this.#present.has(chainId) && !(await store.has(chainId))) return false
    const top = layers.at(-1)
    if (!top) return true
    const hold = this.#hold
    await hold.use([top.chainId, top.diffId])
    if (hold === this.#hold) this.#present.add(top.chainId)
    if (this.#archived.has(top.diffId)) return true
    if (await content.has(top.diffId)) {
      this.#archived.add(top.diffId)
      return true
    }
    return catalog.images().some((image) => image.layers.some(({ diffId }) => diffId === top.diffId))
  }
}

interface DraftWork {
  /** `mountPoints` without a slash before them. */
  commit(mountPoints: string[], signal?: AbortSignal): Promise<Snapshot>
  remove(): Promise<void>
  mounted(): void
}

/** `/a/b` as `a/b` and `a`: directories that were made for a mount point count as little as itself. */
function withParents(path: string): string[] {
  const parts = path.split('/').filter(Boolean)
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'))
}

/** A layer in the making. */
class Draft implements WritableSnapshot {
  readonly rootfs: { lower: string[]; upper: string; work: string }
  readonly #root: string
  readonly #work: DraftWork
  #mounted = false

  constructor(rootfs: { lower: string[]; upper: string; work: string }, root: string, work: DraftWork) {
    this.rootfs = rootfs
    this.#root = root
    this.#work = work
  }

  async root(): Promise<string> {
    if (this.#mounted) return this.#root
    mountOverlay({ ...this.rootfs, target: this.#root })
    this.#mounted = true
    this.#work.mounted()
    return this.#root
  }

  #unmount(): void {
    if (this.#mounted) unmount(this.#root, UnmountFlag.detach)
    this.#mounted = false
  }

  commit({ mountPoints = [], signal }: CommitOptions = {}): Promise<Snapshot> {
    this.#unmount()
    return this.#work.commit(mountPoints.flatMap(withParents), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unmount()
    await this.#work.remove()
  }
}

async function removeDraft(place: string): Promise<void> {
  try {
    unmount(join(place, 'root'), UnmountFlag.detach)
  } catch {
    // It was not mounted.
  }
  await rm(place, { recursive: true, force: true })
}
