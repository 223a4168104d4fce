/** What `RUN --mount` mounts, as mounts of a step's process. */
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files, PreparedMount, Snapshots } from '@gantry/build'
import type { SpecMount } from '../../containers/dependencies.ts'
import type { ImageView } from '../../containers/image-view.ts'
import type { SelinuxLabels } from '../../selinux/index.ts'
import { letRead } from './labels.ts'
import { hostOwner, type StepUsers } from './users.ts'

export interface StepMountParts {
  snapshots: Pick<Snapshots, 'open' | 'over'>
  files: Pick<Files, 'resolve'>
  imageView: ImageView
}

/** Of the step that the mounts are for; `directory` is for small files. */
export interface MountSurroundings {
  directory: string
  users: StepUsers | null
  labels: SelinuxLabels | null
}

export class StepMounts {
  readonly #parts: StepMountParts
  readonly #directory: string
  readonly #users: StepUsers | null
  readonly #labels: SelinuxLabels | null
  readonly #stack: AsyncDisposableStack

  /** What `stack` takes is needed until the step has ended. */
  constructor(
    parts: StepMountParts,
    { directory, users, labels }: MountSurroundings,
    stack: AsyncDisposableStack,
  ) {
    this.#parts = parts
    this.#directory = directory
    this.#users = users
    this.#labels = labels
    this.#stack = stack
  }

  async prepare(mounts: readonly PreparedMount[]): Promise<SpecMount[]> {
    const prepared: SpecMount[] = []
    for (const [index, mount] of mounts.entries()) prepared.push(await this.#mount(mount, index))
    return prepared
  }

  async #mount(mount: PreparedMount, index: number): Promise<SpecMount> {
    switch (mount.type) {
      case 'tmpfs': {
        const options = mount.size === undefined ? [] : [`size=${mount.size}`]
        return { ...bind('tmpfs', mount.target, true), type: 'tmpfs', options: ['mode=1777', ...options] }
      }
      case 'bind':
        return bind(await this.#bindSource(mount), mount.target, !mount.readonly)
      case 'socket': {
        const source = this.#users ? await this.#pinned(mount.source) : mount.source
        await own(mount.source, mount, this.#users)
        await letRead([mount.source], this.#labels)
        return bind(source, mount.target, true)
      }
      case 'file': {
        const path = join(this.#directory, `mount-${index}`)
        await writeFile(path, mount.content, { mode: 0o600 })
        await own(path, mount, this.#users)
        await letRead([path], this.#labels)
        return bind(path, mount.target, false)
      }
    }
  }

  /** Remapped users see the owners that a tree has on the disk, as they do in their root; labelled steps files of their label. */
  async #bindSource({ source, part, readonly }: Extract<PreparedMount, { type: 'bind' }>): Promise<string> {
    const { imageView, snapshots, files } = this.#parts
    const idMap = this.#users?.idMap
    if (!part) await letRead([source], this.#labels)
    if (!idMap && !(part && this.#labels)) return source
    if (!part) return this.#stack.use(await imageView.pin(source, idMap)).root
    // An overlay cannot be given other ids or labels, but what it is made of can.
    const { of } = part
    const opened = 'tree' in of ? snapshots.over(of.tree) : snapshots.open(of)
    const { rootfs } = this.#stack.use(await opened)
    const { lower, upper, work } = rootfs
    const context = this.#labels?.mount
    const view = this.#stack.use(
      await imageView.open(lower, { idMap, context, ...(!readonly && { writable: { upper, work } }) }),
    )
    return files.resolve(view.root, part.path)
  }

  /** By another path, on which nobody but the step's root is let through. */
  async #pinned(source: string): Promise<string> {
    return this.#stack.use(await this.#parts.imageView.pin(source)).root
  }
}

const bind = (source: string, destination: string, writable: boolean): SpecMount => ({
  type: 'bind',
  source,
  destination,
  writable,
  propagation: 'rprivate',
  recursive: false,
  options: [],
})

async function own(
  path: string,
  { uid, gid, mode }: { uid: number; gid: number; mode: number },
  users: StepUsers | null,
): Promise<void> {
  const owner = hostOwner({ uid, gid }, users)
  await chown(path, owner.uid, owner.gid)
  await chmod(path, mode)
}
