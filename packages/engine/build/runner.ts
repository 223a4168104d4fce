/** The processes of RUN: tasks of the same runtime, with the same isolation and networks, as containers. */
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PreparedMount, Runner, RunRequest } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { hostsFile, reachableServers, resolvConf, type Sandbox } from '@gantry/network'
import { hostPlatform } from '@gantry/oci'
import type { OutputFrame, Task } from '@gantry/runtime'
import type { ContainerDependencies, SpecMount } from '../containers/dependencies.ts'
import { withDefaults } from '../containers/host-config.ts'
import type { ContainerFiles } from '../containers/paths.ts'
import type { ContainerRecord } from '../containers/record.ts'
import { created } from '../containers/state.ts'
import { expectRunnable } from './binfmt.ts'

export type RunnerParts = Pick<
  ContainerDependencies,
  | 'runtime'
  | 'spec'
  | 'networks'
  | 'dns'
  | 'defaults'
  | 'clock'
  | 'remap'
  | 'hostGateway'
  | 'facts'
  | 'faults'
> & {
  /** For the files of running steps: not on a disk, as secrets are among them. */
  directory: string
}

/** BuildKit's name for the machine that a step sees. */
const hostname = 'buildkitsandbox'
const killSignal = 9

export function createRunner(parts: RunnerParts): Runner {
  return { run: (request) => new StepRun(parts, request).run() }
}

class StepRun {
  readonly #parts: RunnerParts
  readonly #request: RunRequest
  readonly #id = randomBytes(32).toString('hex')
  readonly #directory: string

  constructor(parts: RunnerParts, request: RunRequest) {
    this.#parts = parts
    this.#request = request
    this.#directory = join(parts.directory, this.#id)
  }

  async run(): Promise<number> {
    this.#refuse()
    await expectRunnable(this.#request.step.platform, hostPlatform())
    await using undo = new AsyncDisposableStack()
    undo.defer(() => rm(this.#directory, { recursive: true, force: true }))
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    undo.defer(() => this.#parts.networks.removeSandbox(this.#id))
    const sandbox = await this.#network()
    undo.defer(() => this.#parts.runtime.purge(this.#id))
    const task = await this.#create(sandbox)
    return await this.#follow(task)
  }

  #refuse(): void {
    const { step } = this.#request
    if (step.security === 'insecure')
      throw new GantryError(
        'Forbidden',
        'granting entitlement security.insecure is not allowed by build daemon configuration',
      )
    if (this.#parts.remap)
      throw new GantryError(
        'NotImplemented',
        'RUN is not available with --userns-remap: build on a daemon without it',
      )
  }

  async #network(): Promise<Sandbox> {
    const { networks, dns } = this.#parts
    const containerId = this.#id
    const { network } = this.#request.step
    if (network !== 'default')
      return networks.createSandbox({ containerId, mode: network, endpoints: [], dns })
    const request = {
      containerId,
      containerName: `build-${containerId.slice(0, 12)}`,
      hostname,
      settings: {},
    }
    const endpoints = [{ network: 'bridge', request }]
    return networks.createSandbox({ containerId, mode: 'bridge', endpoints, dns })
  }

  async #create(sandbox: Sandbox): Promise<Task> {
    const { spec, runtime } = this.#parts
    const record = this.#record()
    const { rootfs } = this.#request
    const written = await spec.container({
      record,
      rootfs,
      mounts: await this.#mounts(),
      files: await this.#files(sandbox),
      hostname,
      domainname: '',
      namespaces: { network: sandbox.path ?? 'host', pid: 'private', ipc: 'private' },
    })
    return runtime.create({
      id: this.#id,
      runtime: record.hostConfig.Runtime ?? '',
      spec: written,
      rootfs,
      stdio: { terminal: false, stdin: 'none', logPath: null },
    })
  }

  /** A container that is in no list. */
  #record(): ContainerRecord {
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
      args: [...step.args],
      config: {
        User: step.user,
        WorkingDir: step.workingDir,
        Env: [...step.env, ...variables],
        Hostname: hostname,
      },
      hostConfig: withDefaults(wishes, this.#parts.defaults),
      endpoints: {},
      mounts: [],
      state: created,
      restartCount: 0,
      started: false,
      stoppedByUser: false,
      health: {},
    }
  }

  #mounts(): Promise<SpecMount[]> {
    return Promise.all(this.#request.mounts.map((mount, index) => this.#mount(mount, index)))
  }

  async #mount(mount: PreparedMount, index: number): Promise<SpecMount> {
    const bind = (source: string, writable: boolean): SpecMount => ({
      type: 'bind',
      source,
      destination: mount.target,
      writable,
      propagation: 'rprivate',
      recursive: false,
      options: [],
    })
    switch (mount.type) {
      case 'tmpfs': {
        const options = mount.size === undefined ? [] : [`size=${mount.size}`]
        return { ...bind('tmpfs', true), type: 'tmpfs', options: ['mode=1777', ...options] }
      }
      case 'bind':
        return bind(mount.source, !mount.readonly)
      case 'socket':
        await chown(mount.source, mount.uid, mount.gid)
        await chmod(mount.source, mount.mode)
        return bind(mount.source, true)
      case 'file': {
        const path = join(this.#directory, `mount-${index}`)
        await writeFile(path, mount.content, { mode: 0o600 })
        await chown(path, mount.uid, mount.gid)
        await chmod(path, mount.mode)
        return bind(path, false)
      }
    }
  }

  async #files(sandbox: Sandbox): Promise<ContainerFiles> {
    const paths = {
      hosts: join(this.#directory, 'hosts'),
      hostname: join(this.#directory, 'hostname'),
      resolvConf: join(this.#directory, 'resolv.conf'),
    }
    await Promise.all([
      writeFile(paths.hosts, await this.#hosts(sandbox)),
      writeFile(paths.hostname, `${hostname}\n`),
      writeFile(paths.resolvConf, await this.#resolvConf(sandbox)),
    ])
    return paths
  }

  async #hosts(sandbox: Sandbox): Promise<string> {
    const endpoints = Object.values(sandbox.endpoints)
    const text = (value: string | undefined): value is string => value !== undefined
    const gateways = endpoints.map(({ ipv4 }) => ipv4?.gateway).filter(text)
    const own = hostsFile({
      hostname,
      domainname: '',
      addresses: endpoints.map(({ ipv4 }) => ipv4?.address).filter(text),
      extraHosts: [...this.#request.hosts],
      hostGateway: this.#parts.hostGateway.length > 0 ? this.#parts.hostGateway : gateways.slice(0, 1),
      links: [],
    })
    return sandbox.path === null ? `${await readFile('/etc/hosts', 'utf8').catch(() => '')}${own}` : own
  }

  async #resolvConf(sandbox: Sandbox): Promise<string> {
    const { dns } = this.#parts
    if (sandbox.path === null) return readFile('/etc/resolv.conf', 'utf8').catch(() => '')
    return resolvConf({ ...dns, servers: dns.hostServers ? reachableServers(dns.servers) : dns.servers })
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
