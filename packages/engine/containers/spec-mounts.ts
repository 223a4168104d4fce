import { closeSync, constants, openSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { GantryError, messageOf } from '@gantry/errors'
import { type IdMap, openInRoot } from '@gantry/syscall'
import { relabel } from '../selinux/index.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies, SpecMount } from './dependencies.ts'
import type { MountRecord } from './record.ts'

/** How a container sees files: with which owners, and with which SELinux label. */
interface SourceView {
  idMap?: IdMap | undefined
  mountLabel?: string
}

/** Makes the sources of a starting container's mounts ready: volumes mounted and filled, missing `-v` directories made. */
export class MountSources {
  readonly #deps: Pick<ContainerDependencies, 'volumes' | 'images' | 'imageView'>

  constructor(deps: Pick<ContainerDependencies, 'volumes' | 'images' | 'imageView'>) {
    this.#deps = deps
  }

  /**
   * Shorter destinations first, so that none hides another. Undone by `release`; what `held` holds is needed until the
   * mounts have been made. With `idMap`, what fills a volume belongs to the users of that namespace.
   */
  async prepare(
    container: Container,
    held: AsyncDisposableStack,
    { idMap, mountLabel = '' }: SourceView = {},
  ): Promise<SpecMount[]> {
    const { mounts, hostConfig } = container.record
    const prepared: SpecMount[] = []
    for (const mount of mounts) {
      const source = await this.#source(container, mount, held, { idMap, mountLabel })
      const { VolumeOptions, ImageOptions, BindOptions } = mount.options ?? {}
      const subpath = VolumeOptions?.Subpath || ImageOptions?.Subpath
      await relabelAsAsked(mount, source, mountLabel)
      const part = subpath ? resolveSubpath(source, subpath, mount.type, held) : source
      const alone = subpath || (mount.type === 'bind' && BindOptions?.NonRecursive)
      const path = alone ? held.use(await this.#deps.imageView.pin(part)).root : part
      prepared.push(specMount(mount, path, await readOnlyBelow(mount, path)))
    }
    await this.#fillVolumes(container, idMap)
    for (const [destination, options] of Object.entries(hostConfig.Tmpfs ?? {})) {
      const words = options.split(',').filter((word) => word !== '')
      prepared.push({ ...tmpfs(destination, !words.includes('ro')), options: words })
    }
    return prepared.sort((a, b) => depth(a.destination) - depth(b.destination))
  }

  async release(container: Container): Promise<void> {
    for (const { type, name } of container.record.mounts) {
      if (type === 'volume') await this.#deps.volumes.unmount(name, container.id)
    }
  }

  async #source(
    container: Container,
    mount: MountRecord,
    held: AsyncDisposableStack,
    view: SourceView,
  ): Promise<string> {
    if (mount.type === 'image') return await this.#imageRoot(mount, held, view)
    if (mount.type === 'volume') {
      return await this.#deps.volumes.mount(mount.name, container.id, {
        destination: mount.destination,
        readWrite: mount.writable,
        propagation: mount.propagation,
      })
    }
    if (mount.type === 'bind') await requireSource(mount)
    return mount.source
  }

  /** The container keeps what it has mounted when the view goes. */
  async #imageRoot(
    { source, image }: MountRecord,
    held: AsyncDisposableStack,
    { idMap, mountLabel }: SourceView,
  ): Promise<string> {
    const { images, imageView } = this.#deps
    const { id } = image ? { id: image } : await images.resolve(source)
    const layers = await images.rootfs(id)
    return held.use(await imageView.open(layers, { idMap, context: mountLabel })).root
  }

  /** Only before the first run: what a user takes out of a volume later is not put back. */
  async #fillVolumes(container: Container, idMap?: IdMap): Promise<void> {
    const { started, image, mounts } = container.record
    const empty = mounts.filter(({ type, copyUp }) => type === 'volume' && copyUp)
    if (started || !image || empty.length === 0) return
    await using view = await this.#deps.imageView.open(await this.#deps.images.rootfs(image.id), { idMap })
    for (const { name, destination } of empty) {
      await this.#deps.volumes.copyUp(name, { root: view.root, path: destination })
    }
  }
}

/** `z` and `Z` in a mount's mode; volumes have the former when nothing else is said. */
async function relabelAsAsked({ type, mode }: MountRecord, source: string, label: string): Promise<void> {
  if (!label || (type !== 'bind' && type !== 'volume')) return
  const words = mode.split(',')
  if (words.includes('z') || words.includes('Z'))
    await relabel(source, label, { shared: words.includes('z') })
}

async function requireSource({ source, createSource }: MountRecord): Promise<void> {
  try {
    await stat(source)
  } catch {
    if (!createSource) {
      const message = `invalid mount config for type "bind": bind source path does not exist: ${source}`
      throw new GantryError('InvalidParameter', message)
    }
    try {
      await mkdir(source, { recursive: true })
    } catch (cause) {
      const message = `error while creating mount source path '${source}': ${messageOf(cause)}`
      throw new GantryError('System', message, { cause })
    }
  }
}

/** A path inside a volume or an image, found by the kernel without leaving it, and named so that nobody can exchange it. */
function resolveSubpath(
  volume: string,
  subpath: string,
  type: MountRecord['type'],
  held: AsyncDisposableStack,
): string {
  const O_PATH = 0o10000000
  const root = openSync(volume, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const descriptor = openInRoot(root, subpath, O_PATH)
    held.defer(() => closeSync(descriptor))
    return `/proc/${process.pid}/fd/${descriptor}`
  } catch (cause) {
    const message = `cannot access path ${subpath} of ${type}: ${messageOf(cause)}`
    throw new GantryError('InvalidParameter', message, { cause })
  } finally {
    closeSync(root)
  }
}

function specMount(mount: MountRecord, source: string, readOnlyBelow: SpecMount['readOnlyBelow']): SpecMount {
  if (mount.type === 'tmpfs') {
    const { SizeBytes, Mode, Options } = mount.options?.TmpfsOptions ?? {}
    const options = (Options ?? []).map((pair) => pair.join('='))
    if (SizeBytes) options.push(`size=${SizeBytes}`)
    if (Mode) options.push(`mode=${Mode.toString(8)}`)
    return { ...tmpfs(mount.destination, mount.writable), options }
  }
  return {
    type: 'bind',
    source,
    destination: mount.destination,
    writable: mount.writable,
    propagation: mount.propagation || 'rprivate',
    recursive: !mount.options?.BindOptions?.NonRecursive,
    readOnlyBelow,
    options: [],
  }
}

/** Nothing is mounted below a file; crun 1.8 opens what it is to make read-only so as a directory. */
async function readOnlyBelow(
  { type, writable, options }: MountRecord,
  source: string,
): Promise<SpecMount['readOnlyBelow']> {
  if (writable || type === 'tmpfs' || !(await stat(source)).isDirectory()) return 'never'
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = options?.BindOptions ?? {}
  if (ReadOnlyNonRecursive) return 'never'
  return ReadOnlyForceRecursive ? 'always' : 'possible'
}

function tmpfs(destination: string, writable: boolean): SpecMount {
  return { type: 'tmpfs', source: '', destination, writable, propagation: '', recursive: false, options: [] }
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length
}
