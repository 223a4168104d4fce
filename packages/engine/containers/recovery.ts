import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isKind, messageOf } from '@gantry/errors'
import type { Task } from '@gantry/runtime'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { wiredEndpoints } from './endpoints.ts'
import type { NetworkFiles } from './network-files.ts'
import { newVolumesFile } from './paths.ts'
import type { Registry } from './registry.ts'
import type { Remover } from './remove.ts'
import { tellName } from './rename.ts'
import { startsWithDaemon } from './restart-policy.ts'
import { mayReturn, ReturningClient } from './returning-client.ts'
import type { Starter } from './start.ts'
import { inStartOrder, neededBy } from './start-order.ts'
import { end, failStart, isIdle, isUp, pause, run, tryAgain, unpause } from './state.ts'
import type { Supervisor } from './supervisor.ts'
import { finishUpdate } from './update.ts'
import { UserNamespaces } from './user-namespaces.ts'
import type { Restarter } from './user-restart.ts'

/** Of a container whose end nobody has seen, as after a reboot. Docker's value. */
const unknownExitCode = 255
const SIGKILL = 9

/** The parts that do the work. */
export interface RecoveryParts {
  starter: Starter
  remover: Remover
  supervisor: Supervisor
  restarter: Restarter
  networkFiles: NetworkFiles
}

/** Brings what an earlier daemon left, however it ended, into agreement with the rows. */
export class Recovery {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #starter: Starter
  readonly #remover: Remover
  readonly #supervisor: Supervisor
  readonly #networkFiles: NetworkFiles
  readonly #restarter: Restarter

  constructor(deps: ContainerDependencies, registry: Registry, parts: RecoveryParts) {
    this.#deps = deps
    this.#registry = registry
    this.#starter = parts.starter
    this.#remover = parts.remover
    this.#supervisor = parts.supervisor
    this.#restarter = parts.restarter
    this.#networkFiles = parts.networkFiles
  }

  /**
   * Finds running containers and follows them on, records the ends of others, finishes or rolls back what was
   * interrupted, removes what belongs to nobody, restores the networks, and starts what is to start with the daemon.
   * A container that makes trouble is reported in the log and holds up no other.
   */
  async restore(): Promise<void> {
    const { runtime, networks, imageView, paths } = this.#deps
    await mkdir(paths.containers, { recursive: true, mode: 0o700 })
    await imageView.clean()
    await new UserNamespaces(this.#deps, this.#registry).clean()
    const containers = this.#registry.all()
    for (const container of containers) this.#holdVolumes(container)
    const tasks = new Map<Container, Task>()
    await this.#each(containers, async (container) => {
      const task = await this.#findTask(container)
      if (task) tasks.set(container, task)
    })
    await networks.restore([...tasks.keys()].map(({ id }) => id))
    const leftovers = new Set(await runtime.leftovers())
    await this.#each(containers, (container) =>
      this.#reconcile(container, tasks.get(container) ?? null, leftovers.has(container.id)),
    )
    await this.#removeUnknown(leftovers, new Set(containers.map(({ id }) => id)))
    await this.#deps.logs.restore(this.#registry.all().map(({ record }) => record))
    await this.#startAll()
    // These take as long as the containers' stop signals do.
    for (const container of this.#registry.all())
      if (this.#isToRestart(container)) this.#finishRestart(container)
  }

  async #each(containers: Container[], work: (container: Container) => Promise<void>): Promise<void> {
    await Promise.all(
      containers.map((container) =>
        work(container).catch((error) =>
          this.#deps.log('error', `container ${container.id}: cannot be restored: ${messageOf(error)}`),
        ),
      ),
    )
  }

  /** Those that others need to run come first. */
  async #startAll(): Promise<void> {
    const wanted = new Set(this.#registry.all().filter((container) => this.#isToStart(container)))
    const starts = new Map<Container, Promise<void>>()
    for (const container of inStartOrder(wanted, this.#registry)) {
      const needed = neededBy(container, this.#registry).map((other) => starts.get(other))
      const start = Promise.allSettled(needed).then(() => this.#begin(container))
      starts.set(container, start)
      start.catch(() => {})
    }
    await this.#each([...wanted], async (container) => await starts.get(container))
  }

  async #begin(container: Container): Promise<void> {
    if (container.record.state.status === 'restarting') await this.#supervisor.restartNow(container)
    else await this.#supervisor.start(container)
  }

  #isToRestart({ record, gone }: Container): boolean {
    return !gone && record.restartPending === true && !['removing', 'dead'].includes(record.state.status)
  }

  /** The daemon that was to restart it died in between. */
  #finishRestart(container: Container): void {
    this.#deps.log('info', `container ${container.id}: finishing its interrupted restart`)
    this.#restarter.restart(container, container.id).catch((error) => {
      // Somebody removes it meanwhile.
      const isGone = container.gone || container.removing
      if (!isGone) this.#deps.log('error', `container ${container.id}: ${messageOf(error)}`)
    })
  }

  #holdVolumes({ id, record }: Container): void {
    for (const { type, name } of record.mounts) {
      if (type !== 'volume') continue
      try {
        this.#deps.volumes.acquire(name, id)
      } catch (error) {
        this.#deps.log('warn', `container ${id}: volume ${name}: ${messageOf(error)}`)
      }
    }
  }

  /** The task of a container that ran, or whose start got as far as its process. */
  async #findTask({ id, record }: Container): Promise<Task | null> {
    const { state } = record
    if (isUp(state)) return await this.#deps.runtime.load(id)
    if (state.status !== 'starting') return null
    const task = await this.#deps.runtime.load(id)
    return task && (await task.hasStarted()) ? task : null
  }

  async #reconcile(container: Container, task: Task | null, hasLeftovers: boolean): Promise<void> {
    const { state, hostConfig } = container.record
    container.dirty = hasLeftovers || task !== null || isUp(state)
    if (mayReturn(container.record)) container.returning = new ReturningClient(this.#deps.clock)
    await this.#findExecs(container, task)
    switch (state.status) {
      case 'running':
      case 'paused':
        return task ? await this.#goOn(container, task) : await this.#recordLoss(container)
      case 'starting':
        return task ? await this.#finishStart(container, task) : await this.#rollBackStart(container)
      case 'restarting':
        if (container.dirty) await this.#starter.clean(container)
        return
      case 'removing':
        this.#deps.log('info', `container ${container.id}: finishing its interrupted removal`)
        return await this.#remover.discard(container, { volumes: state.volumes })
      default:
        if (container.dirty) await this.#starter.clean(container)
        else await this.#starter.releaseVolumes(container)
        if (hostConfig.AutoRemove && isIdle(state) && !container.record.restartPending) {
          await container.lock.run(() => this.#supervisor.discard(container))
        }
    }
  }

  /** What nobody takes up are health checks of the earlier daemon, whose verdict nobody waits for. */
  async #findExecs(container: Container, task: Task | null): Promise<void> {
    const found = new Map((task ? await task.loadExecs() : []).map((exec) => [exec.id, exec]))
    for (const observer of [...container.observers]) observer.execsFound?.(found)
    for (const exec of found.values()) void exec.kill(SIGKILL, { group: true }).catch(() => {})
  }

  /** It runs, or has ended with its exit on record: the supervisor does the same for both. */
  async #goOn(container: Container, task: Task): Promise<void> {
    const { state } = container.record
    container.task = task
    if (container.record.stoppedByUser) container.endedByUser = true
    if (container.record.pausedForCommit) await this.#endCommit(container, task)
    if ((await task.isPaused()) !== (state.status === 'paused')) {
      const change = state.status === 'paused' ? unpause : pause
      this.#registry.update(container, { state: change(state, container.id) })
    }
    await finishUpdate(container, this.#registry, this.#deps)
    await this.#agreeOnNetworks(container)
    tellName(container, this.#registry, this.#deps.networks)
    this.#supervisor.watch(container, { found: true })
  }

  async #agreeOnNetworks(container: Container): Promise<void> {
    const endpoints = wiredEndpoints(container.record, this.#deps.networks)
    if (endpoints) this.#registry.update(container, { endpoints })
    await this.#networkFiles.recovered(container)
  }

  /** The daemon that paused it for a commit is no more. */
  async #endCommit(container: Container, task: Task): Promise<void> {
    const { state } = container.record
    this.#deps.log('info', `container ${container.id}: going on after an interrupted commit`)
    await task.resume().catch((error) => {
      if (!isKind(error, 'Conflict')) throw error // it has ended meanwhile
    })
    this.#registry.update(container, {
      pausedForCommit: false,
      ...(state.status === 'paused' && { state: unpause(state, container.id) }),
    })
  }

  async #finishStart(container: Container, task: Task): Promise<void> {
    container.task = task
    this.#registry.update(container, {
      state: run(container.record.state, task.pid, this.#deps.clock.now()),
      started: true,
      stoppedByUser: false,
    })
    announce(this.#deps.events, container, 'start')
    this.#supervisor.watch(container)
  }

  async #rollBackStart(container: Container): Promise<void> {
    const { state, hostConfig } = container.record
    this.#deps.log('info', `container ${container.id}: undoing its interrupted start`)
    await this.#starter.clean(container)
    if (state.status === 'starting' && state.from === 'restarting') {
      this.#registry.update(container, { state: tryAgain(state) })
      return
    }
    const reason = 'the daemon ended while the container was being started'
    this.#registry.update(container, { state: failStart(state, 128, reason) })
    if (hostConfig.AutoRemove) await this.#remover.discard(container, { volumes: true })
  }

  /** The machine was rebooted, or conmon was killed: nobody knows how it ended. */
  async #recordLoss(container: Container): Promise<void> {
    const exit = { exitCode: unknownExitCode, finishedAt: this.#deps.clock.now(), oomKilled: false }
    this.#registry.update(container, { state: end(container.record.state, exit, false) })
    announce(this.#deps.events, container, 'die', { exitCode: String(unknownExitCode) })
    await this.#starter.clean(container)
    const { hostConfig, restartPending } = container.record
    if (hostConfig.AutoRemove && !restartPending) await this.#remover.discard(container, { volumes: true })
  }

  #isToStart({ record, task, gone, cancelRestart }: Container): boolean {
    // One whose end has only been seen now waits for its turn.
    if (record.state.status === 'restarting') return !gone && !cancelRestart
    if (gone || task || !record.started || record.state.status !== 'exited' || record.restartPending)
      return false
    return startsWithDaemon(record.hostConfig.RestartPolicy, record.stoppedByUser)
  }

  /** Of containers without a row: an interrupted create, or a row lost. */
  async #removeUnknown(leftovers: Set<string>, known: Set<string>): Promise<void> {
    const { runtime, paths, log, storage } = this.#deps
    const names = await readdir(paths.containers)
    const unknown = new Set([...leftovers, ...names].filter((id) => !known.has(id)))
    for (const id of unknown) {
      if (!/^[0-9a-f]{64}$/.test(id)) continue
      log('info', `container ${id}: removing what is left of it`)
      try {
        await runtime.purge(id)
        await this.#removeNewVolumes(id)
        await storage.remove(join(paths.containers, id))
      } catch (error) {
        log('error', `container ${id}: cannot be removed: ${messageOf(error)}`)
      }
    }
  }

  async #removeNewVolumes(id: string): Promise<void> {
    const { volumes, paths } = this.#deps
    const text = await readFile(newVolumesFile(paths.containers, id), 'utf8').catch(() => '[]')
    for (const name of parseNames(text)) {
      if (volumes.users(name).length === 0) await volumes.remove(name, { force: true })
    }
  }
}

/** Empty for a file that was not written to its end. */
function parseNames(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
  } catch {
    return []
  }
}
