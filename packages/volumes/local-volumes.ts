import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import type {
  CopyUpSource,
  VolumeCreate,
  VolumeEventListener,
  VolumeRecord,
  Volumes,
  VolumeUse,
} from './contracts.ts'
import { copyUp } from './copy-up.ts'
import { KeyedLock } from './keyed-lock.ts'
import { checkDriverOptions, hasMount, parseMountOptions } from './mount-options.ts'
import { mountAt, mountsBelow, unmountAt } from './mounter.ts'
import { anonymousName, checkVolumeName } from './names.ts'
import { treeSize } from './tree-size.ts'

/** A volume as it is kept. */
export interface StoredVolume extends VolumeRecord {
  /** Containers between their `mount` and `unmount`. */
  mountedBy: string[]
  /** A copy-up has begun and not ended: what is in the volume is rubbish. */
  filling: boolean
  /** Its removal has begun: written before its directory goes. */
  removing?: boolean
}

/** Persistence, as `store`'s Table offers it. */
export interface RecordTable<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  delete(key: string): boolean
  values(): T[]
}

export interface VolumesOptions {
  /** The daemon's data root; volumes live in its directory `volumes`. Absolute. */
  dataRoot: string
  table: RecordTable<StoredVolume>
  /** Who owns new volumes: the containers' root, where that is not the host's. */
  owner?: { uid: number; gid: number }
  onEvent?: VolumeEventListener
}

/** Marks volumes that nobody named; `prune` takes only these unless told otherwise. */
export const anonymousLabel = 'com.docker.volume.anonymous'

/** Removed volumes are renamed to this first; no volume's name begins with a dot. */
const trashPrefix = '.removed-'

/** Makes the volumes of a data root, and finishes removals that an earlier daemon began. */
export async function createVolumes(options: VolumesOptions): Promise<Volumes> {
  const root = join(options.dataRoot, 'volumes')
  await mkdir(root, { recursive: true, mode: 0o700 })
  if (options.owner) await admit(root, options.owner.gid)
  await finishInterrupted(root, options.table)
  return new LocalVolumes(root, options)
}

/** What a killed daemon left of volumes that it was about to make or to remove. */
async function finishInterrupted(root: string, table: VolumesOptions['table']): Promise<void> {
  for (const { name, removing } of table.values()) {
    if (!removing) continue
    await rm(join(root, name), { recursive: true, force: true })
    table.delete(name)
  }
  for (const name of await readdir(root)) {
    if (name.startsWith(trashPrefix)) await rm(join(root, name), { recursive: true, force: true })
    else if (!table.get(name)) await removeEmpty(join(root, name))
  }
}

/** A volume without a row that holds anything is not ours to judge. */
async function removeEmpty(directory: string): Promise<void> {
  await rmdir(join(directory, '_data')).catch(() => {})
  await rmdir(directory).catch(() => {})
}

/** Lets a group pass through a directory, no more. */
async function admit(directory: string, group: number): Promise<void> {
  await chmod(directory, 0o710)
  await chown(directory, 0, group)
}

class LocalVolumes implements Volumes {
  readonly #root: string
  readonly #table: RecordTable<StoredVolume>
  readonly #onEvent: VolumeEventListener
  readonly #owner: VolumesOptions['owner']
  readonly #locks = new KeyedLock()
  readonly #users = new Map<string, Set<string>>()

  constructor(root: string, { table, owner, onEvent }: VolumesOptions) {
    this.#root = root
    this.#table = table
    this.#owner = owner
    this.#onEvent = onEvent ?? (() => {})
  }

  async create(request: VolumeCreate): Promise<VolumeRecord> {
    const name = request.name || anonymousName()
    const driver = request.driver || 'local'
    if (driver !== 'local')
      throw new GantryError(
        'NotFound',
        `create ${name}: error looking up volume plugin ${driver}: plugin ${JSON.stringify(driver)} not found`,
      )
    checkVolumeName(name)
    checkDriverOptions(name, request.options ?? {})
    return await this.#locks.run(name, async () => this.#table.get(name) ?? (await this.#make(name, request)))
  }

  async #make(name: string, request: VolumeCreate): Promise<VolumeRecord> {
    const directory = join(this.#root, name)
    const mountpoint = join(directory, '_data')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await mkdir(mountpoint, { recursive: true, mode: 0o755 })
    if (this.#owner) {
      await admit(directory, this.#owner.gid)
      await chown(mountpoint, this.#owner.uid, this.#owner.gid)
    }
    const volume: StoredVolume = {
      name,
      driver: 'local',
      createdAt: new Date().toISOString(),
      mountpoint,
      labels: request.name ? (request.labels ?? {}) : { ...request.labels, [anonymousLabel]: '' },
      options: request.options ?? {},
      anonymous: request.anonymous ?? false,
      mountedBy: [],
      filling: false,
    }
    this.#table.set(name, volume)
    this.#onEvent('create', volume, {})
    return volume
  }

  find(name: string): VolumeRecord {
    return this.#stored(name)
  }

  #stored(name: string): StoredVolume {
    const volume = this.#table.get(name)
    if (!volume) throw new GantryError('NotFound', `get ${name}: no such volume`)
    return volume
  }

  list(): VolumeRecord[] {
    return this.#table.values()
  }

  acquire(name: string, containerId: string): void {
    this.#stored(name)
    const users = this.#users.get(name) ?? new Set()
    this.#users.set(name, users.add(containerId))
  }

  release(name: string, containerId: string): void {
    const users = this.#users.get(name)
    users?.delete(containerId)
    if (users?.size === 0) this.#users.delete(name)
  }

  users(name: string): string[] {
    return [...(this.#users.get(name) ?? [])]
  }

  async remove(name: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    await this.#locks.run(name, async () => {
      try {
        await this.#removeLocked(this.#stored(name))
      } catch (error) {
        if (!force || !isKind(error, 'NotFound')) throw error
      }
    })
  }

  async #removeLocked(volume: StoredVolume): Promise<void> {
    this.#checkUnused(volume.name)
    await this.#unmountAll(volume)
    // Unmounting takes a while, and `acquire` does not wait for the lock.
    this.#checkUnused(volume.name)
    this.#table.set(volume.name, { ...volume, removing: true })
    const trash = join(this.#root, `${trashPrefix}${randomBytes(8).toString('hex')}`)
    try {
      await rename(join(this.#root, volume.name), trash)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#table.set(volume.name, volume)
        throw error
      }
    }
    this.#table.delete(volume.name)
    this.#onEvent('destroy', volume, {})
    await rm(trash, { recursive: true, force: true })
  }

  #checkUnused(name: string): void {
    const users = this.users(name)
    if (users.length > 0)
      throw new GantryError('Conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`)
  }

  /** A removal must not reach into another file system, so what somebody else mounted inside stands in its way. */
  async #unmountAll(volume: StoredVolume): Promise<void> {
    const mounts = await mountsBelow(volume.mountpoint)
    const foreign = mounts.find((path) => path !== volume.mountpoint || !hasMount(volume.options))
    if (foreign)
      throw new GantryError('Conflict', `remove ${volume.name}: ${foreign} is mounted inside the volume`)
    for (const path of mounts) await unmountAt(path)
  }

  async mount(name: string, containerId: string, use?: VolumeUse): Promise<string> {
    return await this.#locks.run(name, async () => {
      let volume = this.#stored(name)
      await mkdir(volume.mountpoint, { recursive: true })
      if (hasMount(volume.options) && !(await this.#isMounted(volume))) {
        await mountAt(volume.mountpoint, parseMountOptions(volume.options))
        // Whoever held it before a reboot, or before somebody unmounted it, does not hold it now.
        volume = { ...volume, mountedBy: [] }
      }
      if (volume.filling) await emptyDirectory(volume.mountpoint)
      const mountedBy = [...new Set(volume.mountedBy).add(containerId)]
      this.#table.set(name, { ...volume, mountedBy, filling: false })
      if (use) this.#onEvent('mount', volume, mountAttributes(containerId, use))
      return volume.mountpoint
    })
  }

  async unmount(name: string, containerId: string): Promise<void> {
    await this.#locks.run(name, async () => {
      const volume = this.#table.get(name)
      if (!volume?.mountedBy.includes(containerId)) return
      const mountedBy = volume.mountedBy.filter((id) => id !== containerId)
      if (mountedBy.length === 0 && hasMount(volume.options) && (await this.#isMounted(volume)))
        await unmountAt(volume.mountpoint)
      this.#table.set(name, { ...volume, mountedBy })
      this.#onEvent('unmount', volume, { container: containerId })
    })
  }

  async #isMounted(volume: StoredVolume): Promise<boolean> {
    return (await mountsBelow(volume.mountpoint)).includes(volume.mountpoint)
  }

  async copyUp(name: string, source: CopyUpSource): Promise<void> {
    await this.#locks.run(name, async () => {
      const volume = this.#stored(name)
      if (volume.filling) await emptyDirectory(volume.mountpoint)
      else if (readdirSync(volume.mountpoint).length > 0) return
      // What is mounted there may be somebody else's by the time of a repair, so only our own directory is marked.
      this.#table.set(name, { ...volume, filling: !hasMount(volume.options) })
      try {
        await copyUp(source, volume.mountpoint)
      } catch (cause) {
        await emptyDirectory(volume.mountpoint)
        const problem = `failed to copy image content into volume ${name}: ${messageOf(cause)}`
        throw new GantryError('System', problem, { cause })
      }
      this.#table.set(name, { ...volume, filling: false })
    })
  }

  async size(name: string): Promise<number> {
    return await treeSize(this.#stored(name).mountpoint)
  }
}

function mountAttributes(containerId: string, use: VolumeUse): Record<string, string> {
  return {
    container: containerId,
    destination: use.destination,
    'read/write': String(use.readWrite),
    propagation: use.propagation ?? '',
  }
}

async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true })
}
