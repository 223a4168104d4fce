/** Unpacked layers: `<chain id>/diff` with `<chain id>/layer.json` beside it. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { chainIdOf, type Digest, hexOf, isDigest, parseDigest } from '@gantry/oci'
import type { BlobInfo, LayerSource, LayerStore, StagedLayer, UnpackedLayer } from '../contracts.ts'
import { currentBoot, Durability } from '../durability.ts'
import { IntakePool } from '../intake/pool.ts'
import { Draft } from './staged-layer.ts'

/** `layer.json`: written before the layer gets its name, so a layer without it is none. */
interface LayerFile {
  diffId: Digest
  parent: Digest | null
  /** Bytes of file content. */
  size: number
  /** The boot in which the layer was written, until it is known to be on disk. */
  boot?: string
}

/**
 * Opens the store in a directory, making it when it is new. What a crash left half unpacked or half removed goes.
 * The directory is readable by its owner alone: layers hold setuid files.
 */
export async function openLayerStore(
  directory: string,
  threads: IntakePool = new IntakePool(),
): Promise<LayerStore> {
  const drafts = join(directory, 'tmp')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await rm(drafts, { recursive: true, force: true })
  await mkdir(drafts, { mode: 0o700 })
  const layers = new Map<Digest, LayerFile>()
  const boot = await currentBoot()
  for (const name of await readdir(directory)) {
    const chainId = `sha256:${name}`
    if (!isDigest(chainId)) continue
    const file = await readLayerFile(join(directory, name))
    if (file && (file.boot === undefined || file.boot === boot)) layers.set(chainId, file)
    else await rm(join(directory, name), { recursive: true, force: true })
  }
  return new DirectoryLayerStore(directory, drafts, layers, boot, threads)
}

async function readLayerFile(directory: string): Promise<LayerFile | null> {
  try {
    const { diffId, parent, size, boot } = JSON.parse(
      await readFile(join(directory, 'layer.json'), 'utf8'),
    ) as LayerFile
    const file = { diffId: parseDigest(diffId), parent: parent && parseDigest(parent), size }
    return boot === undefined ? file : { ...file, boot }
  } catch {
    return null
  }
}

class DirectoryLayerStore implements LayerStore {
  readonly #directory: string
  readonly #drafts: string
  readonly #layers: Map<Digest, LayerFile>
  readonly #boot: string
  readonly #durability: Durability<Digest>
  readonly #threads: IntakePool
  readonly #unpacking = new Map<Digest, Promise<UnpackedLayer>>()

  constructor(
    directory: string,
    drafts: string,
    layers: Map<Digest, LayerFile>,
    boot: string,
    threads: IntakePool,
  ) {
    this.#threads = threads
    this.#directory = directory
    this.#drafts = drafts
    this.#layers = layers
    this.#boot = boot
    this.#durability = new Durability(directory, (chainIds) => this.#markDurable(chainIds))
    for (const [chainId, file] of layers) if (file.boot !== undefined) this.#durability.changed(chainId)
  }

  async has(chainId: Digest): Promise<boolean> {
    return this.#layers.has(chainId)
  }

  async stage(source: LayerSource): Promise<StagedLayer> {
    const { staged } = await this.#stage(source, false)
    if (staged === null) throw new GantryError('System', 'the layer was not unpacked')
    return staged
  }

  tryStage(source: LayerSource): Promise<{ blob: BlobInfo; staged: StagedLayer | null }> {
    return this.#stage(source, true)
  }

  async #stage(
    source: LayerSource,
    optional: boolean,
  ): Promise<{ blob: BlobInfo; staged: StagedLayer | null }> {
    const directory = join(this.#drafts, randomUUID())
    const target = join(directory, 'diff')
    await using undo = new AsyncDisposableStack()
    undo.defer(() => rm(directory, { recursive: true, force: true }))
    await mkdir(directory, { mode: 0o700 })
    await mkdir(target, { mode: 0o755 })
    const { path, expected = {}, diffId, ...feed } = source
    const job = {
      ...(path !== undefined && { path }),
      more: feed.rest !== undefined,
      expected,
      unpack: { target, optional, ...(diffId && { diffId }) },
    }
    const { unpacked, ...blob } = await this.#threads.intake(job, feed)
    if (unpacked === null) return { blob, staged: null }
    undo.move()
    const staged = new Draft(directory, blob, unpacked, (draft, parent) => this.#place(draft, parent))
    return { blob, staged }
  }

  async unpack(layer: Readable, diffId: Digest, parent: Digest | null): Promise<UnpackedLayer> {
    const chainId = chainIdOf(parent, diffId)
    try {
      for (;;) {
        const known = this.#layers.get(chainId)
        if (known) return { chainId, diffId, size: known.size }
        const other = this.#unpacking.get(chainId)
        if (!other) return await this.#begin(chainId, layer, diffId, parent)
        // Another caller is at it with bytes of its own: ours may do where those fail.
        await other.catch(() => {})
      }
    } finally {
      layer.destroy()
    }
  }

  async #begin(
    chainId: Digest,
    layer: Readable,
    diffId: Digest,
    parent: Digest | null,
  ): Promise<UnpackedLayer> {
    const work = this.#unpack(layer, diffId, parent)
    this.#unpacking.set(chainId, work)
    try {
      return await work
    } finally {
      this.#unpacking.delete(chainId)
    }
  }

  async #unpack(layer: Readable, diffId: Digest, parent: Digest | null): Promise<UnpackedLayer> {
    if (parent !== null) this.#known(parent)
    await using staged = await this.stage({ rest: () => layer, diffId })
    return await staged.place(parent)
  }

  async adopt(
    layer: string,
    { diffId, size }: Pick<UnpackedLayer, 'diffId' | 'size'>,
    parent: Digest | null,
  ): Promise<UnpackedLayer> {
    const directory = join(this.#drafts, randomUUID())
    await mkdir(directory, { mode: 0o700 })
    try {
      await rename(layer, join(directory, 'diff'))
      return await this.#name(directory, { diffId, size }, parent)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #place({ directory, unpacked, diffId }: Draft, parent: Digest | null): Promise<UnpackedLayer> {
    const { size, implied } = unpacked
    if (parent !== null && implied.length > 0) {
      const lower = await this.directories(parent)
      await this.#threads.inherit({ target: join(directory, 'diff'), lower, paths: implied })
    }
    return await this.#name(directory, { diffId, size }, parent)
  }

  /** Gives a draft its name, unless there is such a layer. */
  async #name(
    directory: string,
    { diffId, size }: Pick<UnpackedLayer, 'diffId' | 'size'>,
    parent: Digest | null,
  ): Promise<UnpackedLayer> {
    const chainId = chainIdOf(parent, diffId)
    const file: LayerFile = { diffId, parent, size, boot: this.#boot }
    await writeFile(join(directory, 'layer.json'), JSON.stringify(file))
    if (parent !== null) this.#known(parent)
    if (!this.#layers.has(chainId)) {
      this.#layers.set(chainId, file)
      try {
        await rename(directory, this.#path(chainId))
      } catch (error) {
        this.#layers.delete(chainId)
        throw error
      }
      this.#durability.changed(chainId)
    }
    return { chainId, diffId, size: this.#known(chainId).size }
  }

  async #markDurable(chainIds: Digest[]): Promise<void> {
    for (const chainId of chainIds) {
      const file = this.#layers.get(chainId)
      if (!file) continue // removed meanwhile
      delete file.boot
      const draft = join(this.#drafts, randomUUID())
      await writeFile(draft, JSON.stringify(file), { flush: true })
      await rename(draft, join(this.#path(chainId), 'layer.json'))
    }
  }

  async directories(chainId: Digest): Promise<string[]> {
    const directories: string[] = []
    for (let next: Digest | null = chainId; next !== null; next = this.#known(next).parent) {
      directories.push(join(this.#path(next), 'diff'))
    }
    return directories
  }

  async size(chainId: Digest): Promise<number> {
    return this.#known(chainId).size
  }

  async delete(chainId: Digest): Promise<void> {
    if (!this.#layers.delete(chainId)) return
    const grave = join(this.#drafts, randomUUID())
    await rename(this.#path(chainId), grave)
    await rm(grave, { recursive: true, force: true })
  }

  async list(): Promise<Digest[]> {
    return [...this.#layers.keys()]
  }

  #path(chainId: Digest): string {
    return join(this.#directory, hexOf(parseDigest(chainId)))
  }

  #known(chainId: Digest): LayerFile {
    const file = this.#layers.get(chainId)
    if (!file) throw new GantryError('NotFound', `layer ${chainId} not found`)
    return file
  }
}
