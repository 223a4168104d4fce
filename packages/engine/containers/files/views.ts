/** The file system of a container as the container sees it, running or not, for reading and writing from outside. */
import { closeSync } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import type { PrivateView, TreeView, ViewMount } from '@gantry/archive'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import type { Container } from '../container.ts'
import { newId } from '../create.ts'
import type { ContainerDependencies, SpecMount } from '../dependencies.ts'
import { containerFiles, rootFilesystem } from '../paths.ts'
import { notFound, type Registry } from '../registry.ts'
import { MountSources } from '../spec-mounts.ts'
import { isRemapped, UserNamespaces } from '../user-namespaces.ts'

/** What every container has: empty before its first start, as Docker shows it, if the image has none. */
const networkFiles = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']

/** Valid until it is disposed of. */
export interface OpenView extends AsyncDisposable {
  view: TreeView
}

export class FileViews {
  readonly #deps: ContainerDependencies
  readonly #mounts: MountSources
  readonly #users: UserNamespaces
  /** How many views of a container that does not run are open: its volumes are mounted for them. */
  readonly #open = new Map<Container, number>()

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#mounts = new MountSources(deps)
    this.#users = new UserNamespaces(deps, registry)
  }

  /** A view to read from. A start or removal does not wait for it. */
  async read(container: Container): Promise<OpenView> {
    return await container.lock.run(
      async () => (await this.#running(container)) ?? (await this.#stopped(container, false)),
    )
  }

  /** Runs `work` with a view that can be written. A container that does not run is kept from starting meanwhile. */
  async write<T>(container: Container, work: (view: TreeView) => Promise<T>): Promise<T> {
    const running = await container.lock.run(() => this.#running(container))
    if (running) {
      await using opened = running
      return await work(opened.view)
    }
    return await container.lock.run(async () => {
      await using opened = (await this.#running(container)) ?? (await this.#stopped(container, true))
      return await work(opened.view)
    })
  }

  /** The root file system alone, without volumes and other mounts. */
  async rootOnly(container: Container): Promise<TreeView> {
    // On the disk, its files have the owners that the container sees.
    const remapped = isRemapped(container.record.hostConfig, this.#deps.remap)
    if (container.task && container.task.pid > 0 && !remapped) {
      return { kind: 'mount', path: container.task.rootfs }
    }
    return await this.#overlay(container, { mounts: [], writable: false })
  }

  /** Null when the container has no process. */
  async #running({ task, record }: Container): Promise<OpenView | null> {
    const { remap } = this.#deps
    try {
      const fd = await task?.openRoot()
      if (fd === undefined) return null
      return {
        view: { kind: 'open', fd, ...(isRemapped(record.hostConfig, remap) && { users: remap }) },
        async [Symbol.asyncDispose]() {
          closeSync(fd)
        },
      }
    } catch (error) {
      if (isKind(error, 'Conflict')) return null
      throw error
    }
  }

  /** Holds the lock. */
  async #stopped(container: Container, writable: boolean): Promise<OpenView> {
    if (container.gone) throw notFound(container.id)
    const { status } = container.record.state
    if (status === 'removing' || status === 'dead') {
      throw new GantryError('Conflict', `container ${container.id} is marked for removal`)
    }
    await using undo = new AsyncDisposableStack()
    const held = undo.use(new AsyncDisposableStack())
    this.#open.set(container, (this.#open.get(container) ?? 0) + 1)
    undo.defer(() => this.#release(container, writable))
    const mounts = (await this.#mounts.prepare(container, held)).filter(({ type }) => type === 'bind')
    const view = await this.#overlay(container, {
      mounts: [...mounts.map(viewMount), ...(await this.#networkFiles(container))],
      writable,
    })
    Object.assign(view, this.#namespace(container, undo))
    const kept = undo.move()
    return { view, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  /** Volumes have the owners that the container's users are in the host, so the rest is to have them too. */
  #namespace({ record }: Container, undo: AsyncDisposableStack): Pick<PrivateView, 'users' | 'namespace'> {
    const { remap } = this.#deps
    if (!isRemapped(record.hostConfig, remap)) return {}
    const id = newId()
    undo.defer(() => this.#users.release({ id }))
    return { users: remap, namespace: this.#users.make(id) }
  }

  async #overlay(
    { record }: Container,
    { mounts, writable }: { mounts: ViewMount[]; writable: boolean },
  ): Promise<PrivateView> {
    const { lower, upper, work, readOnly } = await rootFilesystem(this.#deps, record)
    const directory = this.#deps.paths.views
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return {
      kind: 'private',
      directory,
      lower,
      upper,
      ...(writable ? { work } : { placeholders: networkFiles }),
      readOnly: readOnly ?? false,
      mounts,
    }
  }

  /** /etc/hosts and its like, once a start has written them. */
  async #networkFiles({ id }: Container): Promise<ViewMount[]> {
    const files = containerFiles(this.#deps.paths.containers, id)
    const mounts = [
      { source: files.hosts, destination: '/etc/hosts' },
      { source: files.hostname, destination: '/etc/hostname' },
      { source: files.resolvConf, destination: '/etc/resolv.conf' },
    ]
    const isThere = await Promise.all(
      mounts.map(({ source }) =>
        access(source).then(
          () => true,
          () => false,
        ),
      ),
    )
    return mounts
      .filter((_, index) => isThere[index])
      .map((mount) => ({ ...mount, readOnly: false, recursive: false }))
  }

  /** The volumes are let go with the last view, unless the container has been started meanwhile. */
  async #release(container: Container, locked: boolean): Promise<void> {
    const left = (this.#open.get(container) ?? 1) - 1
    if (left > 0) this.#open.set(container, left)
    else this.#open.delete(container)
    if (left > 0) return
    const release = async () => {
      if (container.dirty || container.task || this.#open.has(container)) return
      try {
        await this.#mounts.release(container)
      } catch (error) {
        this.#deps.log('warn', `container ${container.id}: volumes: ${messageOf(error)}`)
      }
    }
    await (locked ? release() : container.lock.run(release))
  }
}

function viewMount({ source, destination, writable, recursive }: SpecMount): ViewMount {
  return { source, destination, readOnly: !writable, recursive }
}
