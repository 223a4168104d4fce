import { messageOf } from '@gantry/errors'
import type { RootFilesystem, StdioOptions, Task } from '@gantry/runtime'
import { relabel } from '../selinux/index.ts'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies, SpecRequest } from './dependencies.ts'
import { linkVariables, liveLinks } from './links.ts'
import type { NetworkFiles } from './network-files.ts'
import { NetworkPlacer } from './networking.ts'
import { logPath, rootFilesystem } from './paths.ts'
import type { Registry } from './registry.ts'
import { NamespaceSharing } from './sharing.ts'
import { MountSources } from './spec-mounts.ts'
import { startFailure } from './start-errors.ts'
import { beginStart, failStart, run } from './state.ts'
import { UserNamespaces } from './user-namespaces.ts'

/** Brings a container from its row to a running process, and takes away again what a run put in place. */
export class Starter {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #files: NetworkFiles
  readonly #networking: NetworkPlacer
  readonly #sharing: NamespaceSharing
  readonly #mounts: MountSources
  readonly #users: UserNamespaces

  constructor(deps: ContainerDependencies, registry: Registry, files: NetworkFiles) {
    this.#deps = deps
    this.#registry = registry
    this.#files = files
    this.#networking = new NetworkPlacer(deps, registry, files)
    this.#sharing = new NamespaceSharing(deps, registry)
    this.#mounts = new MountSources(deps)
    this.#users = new UserNamespaces(deps, registry)
  }

  /**
   * Expects the container's lock to be held. On failure everything is undone, the state tells why, and the error is
   * Docker's. `restartCount` is what the row shall say once the container runs.
   */
  async start(container: Container, restartCount: number, options: { restore?: string } = {}): Promise<void> {
    const state = beginStart(container.record.state)
    if (container.dirty) await this.clean(container)
    this.#registry.update(container, { state })
    container.endedByUser = false
    container.dirty = true
    try {
      this.#deps.faults('container.start.recorded')
      const task = await this.#launch(container, options)
      this.#registry.update(container, {
        state: run(container.record.state, task.pid, this.#deps.clock.now()),
        restartCount,
        started: true,
        stoppedByUser: false,
      })
      this.#deps.faults('container.start.running')
      container.task = task
    } catch (cause) {
      const { exitCode, error } = startFailure(cause, container.record.args[0] ?? '')
      await this.clean(container)
      // A row that stays at `starting` is undone by the next daemon, and must not keep this one from trying again.
      const state = failStart(container.record.state, exitCode, error.message)
      const unwritten = this.#registry.settle(container, { state })
      if (unwritten) this.#warn(container, 'state', unwritten)
      for (const observer of [...container.observers]) observer.startFailed?.()
      throw error
    }
    await this.#files.targetStarted(container)
    announce(this.#deps.events, container, 'start')
  }

  /** What may be done is decided by the container's own configuration, whatever a checkpoint holds. */
  async #launch(container: Container, { restore }: { restore?: string }): Promise<Task> {
    const { faults, runtime, logs } = this.#deps
    logs.prepare(container.record)
    await using held = new AsyncDisposableStack()
    const { spec, rootfs } = await this.#prepare(container, held)
    const task = await runtime.create({
      id: container.id,
      runtime: container.record.hostConfig.Runtime ?? '',
      spec,
      rootfs,
      stdio: this.#stdio(container),
      ...(restore !== undefined && { restore }),
    })
    faults('container.start.task')
    const connecting = [...container.observers].map((observer) => observer.created?.(task))
    for (const result of await Promise.allSettled(connecting)) {
      if (result.status === 'rejected') this.#warn(container, 'attach', result.reason)
    }
    faults('container.start.attached')
    await task.start()
    faults('container.start.started')
    return task
  }

  async #prepare(container: Container, held: AsyncDisposableStack) {
    const { faults, spec } = this.#deps
    const { record } = container
    const users = this.#users.place(container)
    const place = await this.#networking.place(container, users?.make)
    faults('container.start.network')
    const { mountLabel } = spec.labels(record)
    const mounts = await this.#mounts.prepare(container, held, { idMap: users?.idMap, mountLabel })
    faults('container.start.volumes')
    const links = liveLinks(container, this.#registry, this.#deps.networks)
    await this.#files.write(container, place, links)
    await this.#users.own(users, container)
    const files = this.#networking.files(container)
    await this.#label(files, mountLabel)
    faults('container.start.files')
    const rootfs: RootFilesystem = {
      ...(await rootFilesystem(this.#deps, record)),
      ...(users && { idMap: users.idMap }),
      ...(mountLabel && { mountLabel }),
    }
    const request: SpecRequest = {
      record,
      rootfs,
      mounts: [...(await this.#sharing.shm(container, users?.idMap.root, mountLabel)), ...mounts],
      files,
      hostname: place.hostname,
      domainname: place.domainname,
      linkVariables: linkVariables(container, links),
      namespaces: {
        network: place.namespace,
        pid: this.#sharing.pid(container),
        ipc: this.#sharing.ipc(container),
      },
      ...(users && { userNamespace: users }),
    }
    const written = await spec.container(request)
    faults('container.start.spec')
    return { spec: written, rootfs }
  }

  /** The files that tell of the network may be those of several containers. */
  async #label(files: SpecRequest['files'], label: string): Promise<void> {
    if (!label) return
    for (const path of Object.values(files)) await relabel(path, label, { shared: true })
  }

  #stdio(container: Container): StdioOptions {
    const { config, hostConfig } = container.record
    const [rows = 0, columns = 0] = hostConfig.ConsoleSize ?? []
    return {
      terminal: config.Tty ?? false,
      stdin: config.OpenStdin ? (config.StdinOnce ? 'once' : 'open') : 'none',
      logPath: logPath(this.#deps.paths.containers, container.record),
      ...(rows > 0 && columns > 0 && { consoleSize: { rows, columns } }),
    }
  }

  /**
   * Takes away whatever a run put in place: task, network, mounts. Idempotent; goes on when a step fails, and says so in
   * the log: the next start or removal tries again.
   */
  async clean(container: Container): Promise<void> {
    const { faults, runtime, networks } = this.#deps
    const steps: [string, () => Promise<void>][] = [
      ['process', () => this.#deleteTask(container, () => runtime.purge(container.id))],
      ['network', () => networks.removeSandbox(container.id)],
      ['shared memory', () => this.#sharing.release(container)],
      ['volumes', () => this.#mounts.release(container)],
      ['user namespace', async () => this.#users.release(container)],
    ]
    let complete = true
    for (const [what, step] of steps) {
      try {
        await step()
      } catch (error) {
        complete = false
        this.#warn(container, what, error)
      }
      if (what === 'process') faults('container.exit.deleted')
      if (what === 'network') faults('container.exit.network')
      if (what === 'volumes') faults('container.exit.volumes')
    }
    container.dirty = !complete
  }

  /** Lets go of volumes that were mounted for reading files of a container that does not run. Idempotent. */
  async releaseVolumes(container: Container): Promise<void> {
    await this.#mounts.release(container)
  }

  async #deleteTask(container: Container, purge: () => Promise<void>): Promise<void> {
    const { task } = container
    if (!task) return await purge()
    try {
      await task.delete()
    } catch (error) {
      this.#warn(container, 'process', error)
      await purge()
    }
  }

  #warn(container: Container, what: string, error: unknown): void {
    this.#deps.log('warn', `container ${container.id}: ${what}: ${messageOf(error)}`)
  }
}
