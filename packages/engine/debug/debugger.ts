/** `gantry debug`: a process with tools beside a container's own, in its namespaces, which leaves no trace. */
import { readlinkSync } from 'node:fs'
import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsoleSize, ExecTask, MountCopy, RootFilesystem, Task } from '@gantry/runtime'
import { rootOf } from '@gantry/syscall'
import type { Container } from '../containers/container.ts'
import type { ContainerDependencies, SpecMount, SpecRequest } from '../containers/dependencies.ts'
import { containerFiles, rootFilesystem } from '../containers/paths.ts'
import type { MountRecord } from '../containers/record.ts'
import type { Registry } from '../containers/registry.ts'
import { isRemapped, UserNamespaces } from '../containers/user-namespaces.ts'
import type { Exec } from '../execs/exec.ts'
import { debugRecord } from './debug-record.ts'
import { debugSpec, type Surroundings } from './debug-spec.ts'
import { findBusybox } from './tools.ts'

export type DebugDependencies = Pick<ContainerDependencies, 'images' | 'paths' | 'remap' | 'runtime' | 'spec'>

/** OCI names of namespaces, and those of the kernel. */
const namespaces = { network: 'net', pid: 'pid', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup', user: 'user' }

interface Plan {
  request: SpecRequest
  rootfs: RootFilesystem | MountCopy
  surroundings: Surroundings
}

export class Debugger {
  readonly #deps: DebugDependencies
  readonly #users: UserNamespaces

  constructor(deps: DebugDependencies, registry: Registry) {
    this.#deps = deps
    this.#users = new UserNamespaces(deps, registry)
  }

  /**
   * Runs the command as a task of its own under the exec's id. A daemon that finds such a task does not know it, and
   * removes it: see Recovery.
   */
  async start(exec: Exec, options: { attach: boolean; consoleSize?: ConsoleSize }): Promise<ExecTask> {
    const { tty = false, attachStdin = false } = exec.record.request
    await using undo = new AsyncDisposableStack()
    undo.defer(() => this.#clean(exec.id))
    const { request, rootfs, surroundings } = await this.#plan(exec)
    const spec = debugSpec(await this.#deps.spec.container(request), surroundings)
    const task = await this.#deps.runtime.create({
      id: exec.id,
      runtime: exec.container.record.hostConfig.Runtime ?? '',
      spec,
      rootfs,
      stdio: {
        terminal: tty,
        stdin: attachStdin && options.attach ? 'once' : 'none',
        logPath: null,
        ...(options.consoleSize && { consoleSize: options.consoleSize }),
      },
    })
    undo.defer(() => this.#deps.runtime.purge(exec.id))
    const attachment = options.attach ? await task.attach() : null
    await task.start()
    undo.move()
    return {
      id: exec.id,
      pid: task.pid,
      attachment,
      attach: () => task.attach(),
      resize: (size) => task.resize(size),
      kill: (signal, { group = false } = {}) => task.kill(signal, { all: group }),
      exit: this.#endOf(task),
    }
  }

  async #endOf(task: Task): Promise<Awaited<ExecTask['exit']>> {
    const exit = await task.exit
    await task.delete().catch(() => this.#deps.runtime.purge(task.id))
    await this.#clean(task.id)
    return exit
  }

  async #clean(id: string): Promise<void> {
    this.#users.release({ id })
    await rm(this.#directory(id), { recursive: true, force: true })
  }

  /** Of the changes that are thrown away. It is beside those of containers, where a later daemon finds and removes it. */
  #directory(id: string): string {
    return join(this.#deps.paths.containers, id)
  }

  async #plan({ id, container, record: { request } }: Exec): Promise<Plan> {
    const { record, task } = container
    const image = request.debug?.image ? await this.#deps.images.resolve(request.debug.image) : null
    const own = await this.#throwaway(
      id,
      image ? await this.#deps.images.rootfs(image.id) : await this.#layers(container),
    )
    const joined = task ? namespacesOf(task.pid) : null
    const { remap } = this.#deps
    const users = isRemapped(record.hostConfig, remap)
      ? { path: joined?.user ?? this.#users.make(id), mapping: remap }
      : null
    const files = containerFiles(this.#deps.paths.containers, container.id)
    const debugged = debugRecord(record, { id, request, imageEnv: image ? (image.config.Env ?? []) : null })
    const copied = task !== null && image === null
    const rootfs = {
      ...own,
      ...(users && { idMap: { namespace: users.path, root: rootOf(users.mapping) } }),
    }
    const mounts = task ? [] : record.mounts.flatMap(readOnlyMount)
    return {
      rootfs: copied ? { mountsOf: task.pid } : rootfs,
      request: {
        record: debugged,
        rootfs: own,
        mounts,
        files,
        hostname: record.config.Hostname ?? '',
        domainname: '',
        namespaces: { network: 'private', pid: 'private', ipc: 'private' },
        ...(users && { userNamespace: users }),
      },
      surroundings: {
        joined,
        copied,
        busybox: image ? null : await findBusybox(),
        missing: await missingOf([...Object.values(files), ...mounts.map(({ source }) => source)]),
      },
    }
  }

  async #layers(container: Container): Promise<string[]> {
    const { upper, lower } = await rootFilesystem(this.#deps, container.record)
    return [upper, ...lower]
  }

  async #throwaway(id: string, lower: string[]): Promise<RootFilesystem> {
    const directory = this.#directory(id)
    const [upper, work] = [join(directory, 'upper'), join(directory, 'work')]
    await mkdir(directory, { mode: 0o700 })
    await mkdir(upper, { mode: 0o755 })
    await mkdir(work, { mode: 0o700 })
    return { lower, upper, work }
  }
}

/** Those that are not the host's. */
function namespacesOf(pid: number): Record<string, string> {
  const entries = Object.entries(namespaces).map(
    ([type, name]) => [type, `/proc/${pid}/ns/${name}`, name] as const,
  )
  return Object.fromEntries(
    entries
      .filter(([, path, name]) => readlinkSync(path) !== readlinkSync(`/proc/self/ns/${name}`))
      .map(([type, path]) => [type, path]),
  )
}

/** Volumes and directories of a container that does not run, to look at only. */
function readOnlyMount({ type, source, destination }: MountRecord): SpecMount[] {
  if (type === 'tmpfs' || type === 'image') return []
  return [
    {
      type: 'bind',
      source,
      destination,
      writable: false,
      propagation: 'rprivate',
      recursive: true,
      options: [],
    },
  ]
}

async function missingOf(paths: string[]): Promise<Set<string>> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return new Set(paths.filter((_, index) => !found[index]))
}
