/** A named or anonymous volume: `volumes/<name>/_data`. */
export interface VolumeRecord {
  name: string
  driver: string
  createdAt: string
  mountpoint: string
  labels: Record<string, string>
  options: Record<string, string>
  /** Made by the engine for an image's VOLUME or a nameless mount; `rm -v` and `--rm` remove it. */
  anonymous: boolean
}

export interface VolumeCreate {
  /** A new anonymous name (64 hex) when absent. */
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

export interface Volumes {
  /** Returns the existing volume of that name (Docker's rule), or makes it. Throws Conflict when the driver differs. */
  create(request: VolumeCreate): Promise<VolumeRecord>
  /** Throws NotFound `get X: no such volume`. */
  find(name: string): VolumeRecord
  list(): VolumeRecord[]
  /** Who uses a volume is said by its users: container ids hold references. */
  acquire(name: string, containerId: string): void
  release(name: string, containerId: string): void
  users(name: string): string[]
  /** Throws Conflict `remove X: volume is in use - [ids]`, NotFound unless `force`. */
  remove(name: string, options?: { force?: boolean }): Promise<void>
  /** Mounts a volume with mount options of its own (local driver: type, o, device); returns the directory to bind. */
  mount(name: string, containerId: string): Promise<string>
  unmount(name: string, containerId: string): Promise<void>
  /** Fills an empty volume with what the image has at that path: content, owners, modes, xattrs, and the directory's own. */
  copyUp(name: string, source: CopyUpSource): Promise<void>
  /** Bytes on disk. */
  size(name: string): Promise<number>
}
