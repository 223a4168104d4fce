/** A named or anonymous volume: `volumes/<name>/_data`. */
export interface VolumeRecord {
  name: string
  driver: string
  /** RFC 3339. */
  createdAt: string
  mountpoint: string
  labels: Record<string, string>
  options: Record<string, string>
  /** Made by the engine for an image's VOLUME or a nameless mount; `rm -v` and `--rm` remove it. */
  anonymous: boolean
}

export interface VolumeCreate {
  /** A new anonymous name (64 hex) when absent or empty. */
  name?: string
  driver?: string
  options?: Record<string, string>
  labels?: Record<string, string>
  anonymous?: boolean
}

/** Where an image's content for a volume comes from: a directory in a mounted container root. */
export interface CopyUpSource {
  /** The container's mounted root file system on the host. */
  root: string
  /** Path inside it; resolved by the kernel inside `root`. */
  path: string
}

/** How a container mounts a volume; only the `mount` event tells it. */
export interface VolumeUse {
  destination: string
  readWrite: boolean
  propagation?: string
}

/** Hears of what happened, so that it becomes an event. `attributes` are the event's own besides the driver. */
export type VolumeEventListener = (
  action: 'create' | 'destroy' | 'mount' | 'unmount',
  volume: VolumeRecord,
  attributes: Record<string, string>,
) => void

export interface Volumes {
  /** Returns the existing volume of that name (Docker's rule), or makes it. Throws NotFound for an unknown driver. */
  create(request: VolumeCreate): Promise<VolumeRecord>
  /** Throws NotFound `get X: no such volume`. */
  find(name: string): VolumeRecord
  list(): VolumeRecord[]
  /** Who uses a volume is said by its users: container ids hold references. Not kept across restarts. */
  acquire(name: string, containerId: string): void
  release(name: string, containerId: string): void
  users(name: string): string[]
  /** Throws Conflict `remove X: volume is in use - [ids]`, NotFound unless `force`. */
  remove(name: string, options?: { force?: boolean }): Promise<void>
  /**
   * The directory to bind for a container that starts. A volume with mount options of its own (local driver: type, o,
   * device) is mounted for its first user. Idempotent for a container; remembered across restarts.
   */
  mount(name: string, containerId: string, use?: VolumeUse): Promise<string>
  /** The container has stopped: unmounts after the last user. Idempotent. */
  unmount(name: string, containerId: string): Promise<void>
  /**
   * Fills an empty volume with what the image has at that path: content, owners, modes, xattrs, and the directory's own.
   * A volume that is not empty stays as it is. For a volume with mount options, call it between mount and unmount.
   */
  copyUp(name: string, source: CopyUpSource): Promise<void>
  /** Bytes on disk. */
  size(name: string): Promise<number>
}
