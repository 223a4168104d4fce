/** The processes of RUN: tasks of the same runtime, with the same isolation and networks, as containers. */
import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Runner, RunRequest } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { hostPlatform } from '@gantry/oci'
import type { OutputFrame, Task } from '@gantry/runtime'
import type { ContainerDependencies, SpecMount } from '../../containers/dependencies.ts'
import { withDefaults } from '../../containers/host-config.ts'
import type { ContainerRecord } from '../../containers/record.ts'
import type { Registry } from '../../containers/registry.ts'
import { neverStarted } from '../../containers/state.ts'
import type { SelinuxLabels } from '../../selinux/index.ts'
import { expectRunnable } from '../binfmt.ts'
import { letRead, StepLabels } from './labels.ts'
import { type StepMountParts, StepMounts } from './mounts.ts'
import { networkDonor, StepNetwork, type StepNetworkParts, type StepPlace } from './network.ts'
import type { StepShells } from './shells.ts'
import { letThrough, StepUsers } from './users.ts'

export type RunnerParts = Pick<
  ContainerDependencies,
  'runtime' | 'spec' | 'defaults' | 'clock' | 'remap' | 'facts' | 'faults' | 'selinux'
> &
  StepNetworkParts &
  StepMountParts & {
    containers: Pick<Registry, 'find' | 'all'>
    shells: StepShells
    /** For the files of running steps: not on a disk, as secrets are among them. */
    directory: string
  }

/** What a step's process finds around itself; `labels`: SELinux's, null for none. */
interface Surroundings {
  place: StepPlace
  mounts: SpecMount[]
  users: StepUsers | null
  labels: SelinuxLabels | null
}

const killSignal = 9

/**
 * Makes what runs the steps of all builds. A step gets an SELinux level that neither a container nor another step
 * has.
 */
export function createRunner(parts: RunnerParts): Runner {
  const labels = new StepLabels(parts.selinux, () =>
    parts.containers.all().map(({ record }) => record.selinux),
  )
  return { run: (request) => new StepRun(parts, request, labels).run() }
}

class StepRun {
  readonly #parts: RunnerParts
  readonly #request: RunRequest
  readonly #id = randomBytes(32).toString('hex')
  readonly #directory: string
  readonly #labels: StepLabels

  constructor(parts: RunnerParts, request: RunRequest, labels: StepLabels) {
    this.#parts = parts
    this.#request = request
    this.#labels = labels
    this.#directory = join(parts.directory, this.#id)
  }

  async run(): Promise<number> {
    this.#refuse()
    await expectRunnable(this.#request.step.platform, hostPlatform())
    await using undo = new AsyncDisposableStack()
    undo.defer(() => rm(this.#directory, { recursive: true, force: true }))
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const users = this.#users()
    undo.defer(() => users?.release())
    await letThrough(this.#parts.directory, users)
    await letThrough(this.#directory, users)
    undo.defer(() => this.#parts.networks.removeSandbox(this.#id))
    const { step, hosts } = this.#request
    const network = new StepNetwork(this.#parts, this.#id, { ...step, hosts })
    const place = await network.place(this.#directory, users)
    const labels = this.#labels.take()
    undo.defer(() => this.#labels.release(labels))
    await letRead(Object.values(place.files), labels)
    const around = { directory: this.#directory, users, labels }
    const mounts = await new StepMounts(this.#parts, around, undo).prepare(this.#request.mounts)
    undo.defer(() => this.#parts.runtime.purge(this.#id))
    const surroundings = { place, mounts, users, labels }
    const exitCode = await this.#follow(await this.#create(surroundings))
    const { debug, signal } = this.#request
    if (exitCode !== 0 && debug && !signal.aborted)
      await this.#parts.shells.offer(
        () => this.#create(surroundings, ['/bin/sh']),
        (shell) => debug(exitCode, shell),
        signal,
      )
    return exitCode
  }

  #refuse(): void {
    const { step } = this.#request
    if (step.security === 'insecure')
      throw new GantryError(
        'Forbidden',
        'granting entitlement security.insecure is not allowed by build daemon configuration',
      )
    if (this.#parts.remap && step.network === 'host')
      throw new GantryError(
        'InvalidParameter',
        "cannot share the host's network namespace when user namespaces are enabled",
      )
  }

  /** Null where users are the host's. Whoever joins a network is in the user namespace whose root rules there. */
  #users(): StepUsers | null {
    const { remap, paths, containers } = this.#parts
    if (!remap) return null
    const donor = networkDonor(this.#request.step.network, containers)
    if (!donor) return new StepUsers(remap, join(paths.userNamespaces, this.#id), false)
    if (donor.container.record.hostConfig.UsernsMode === 'host') return null
    return new StepUsers(remap, `/proc/${donor.pid}/ns/user`, true)
  }

  /** With `shell`, that is run on a terminal in place of the step's command. */
  async #create({ place, mounts, users, labels }: Surroundings, shell?: string[]): Promise<Task> {
    const { spec, runtime } = this.#parts
    const record = { ...this.#record(place, shell), ...(labels && { selinux: labels }) }
    const rootfs = {
      ...this.#request.rootfs,
      ...(users && { idMap: users.idMap }),
      ...(labels && { mountLabel: labels.mount }),
    }
    const written = await spec.container({
      record,
      rootfs,
      mounts,
      files: place.files,
      hostname: place.hostname,
      domainname: '',
      namespaces: { network: place.namespace, pid: 'private', ipc: 'private' },
      ...(users && { userNamespace: users }),
    })
    return runtime.create({
      id: this.#id,
      runtime: record.hostConfig.Runtime ?? '',
      spec: written,
      rootfs,
      stdio: { terminal: shell !== undefined, stdin: shell ? 'open' : 'none', logPath: null },
    })
  }

  /** A container that is in no list. */
  #record({ hostname }: StepPlace, shell?: string[]): ContainerRecord {
    const { step, variables, shmSize, ulimits, limits } = this.#request
    const wishes = {
      NetworkMode: step.network,
      IpcMode: 'private',
      LogConfig: { Type: 'none' as const, Config: {} },
      ...(shmSize !== undefined && { ShmSize: shmSize }),
      ...(ulimits && { Ulimits: [...ulimits] }),
      ...limits,
    }
    return {
      id: this.#id,
      name: `build-${this.#id.slice(0, 12)}`,
      created: this.#parts.clock.now().toISOString(),
      image: null,
      args: shell ?? [...step.args],
      config: {
        User: step.user,
        WorkingDir: step.workingDir,
        Env: [...step.env, ...variables],
        Hostname: hostname,
        Tty: shell !== undefined,
      },
      hostConfig: withDefaults(wishes, this.#parts.defaults),
      endpoints: {},
      mounts: [],
      ...neverStarted,
      health: {},
    }
  }

  /** Tells the output, and resolves to the exit code once both are through. */
  async #follow(task: Task): Promise<number> {
    const { signal, output } = this.#request
    await using attachment = await task.attach({ stdin: false })
    const kill = (): void => void task.kill(killSignal, { all: true }).catch(() => undefined)
    signal.addEventListener('abort', kill, { once: true })
    try {
      signal.throwIfAborted()
      await task.start()
      this.#parts.faults('build.run.started')
      if (signal.aborted) kill()
      for await (const { stream, data } of attachment.output as AsyncIterable<OutputFrame>)
        output(stream, data)
      const { exitCode, oomKilled } = await task.exit
      if (oomKilled) output('stderr', Buffer.from('the step ran out of memory\n'))
      return exitCode
    } finally {
      signal.removeEventListener('abort', kill)
      await task.kill(killSignal, { all: true }).catch(() => undefined)
      await task.exit
      await task.delete()
    }
  }
}
