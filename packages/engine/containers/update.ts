import type { HostConfig, RestartPolicy } from '@gantry/api'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { Registry } from './registry.ts'
import { isUp, visibleStatus } from './state.ts'
import { validateRestartPolicy } from './validate.ts'
import { validateResources } from './validate-resources.ts'

/** Limits and restart policy as a client wants them; what is zero, empty or absent stays as it is. */
export interface ContainerUpdate extends HostConfig {
  RestartPolicy?: RestartPolicy
}

/** Limits that can change while a container lives. */
const changeable = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
] as const

/**
 * Changes limits and restart policy, of a running container at once. Either all of it holds and is written down, or
 * nothing has changed. Returns warnings; throws InvalidParameter for what cannot be, Conflict for what contradicts the
 * container's other limits, System when the kernel refuses.
 */
export async function update(
  container: Container,
  request: ContainerUpdate,
  registry: Registry,
  deps: ContainerDependencies,
): Promise<string[]> {
  validateRestartPolicy({ RestartPolicy: request.RestartPolicy })
  const { hostConfig: possible, warnings } = validateResources(request, deps.facts, { update: true })
  await container.lock.run(async () => {
    try {
      const changes = changesOf(possible)
      await apply(container, changes, merge(container, changes), registry, deps)
    } catch (cause) {
      if (!isKind(cause)) throw cause
      throw new GantryError(cause.kind, `Cannot update container ${container.id}: ${messageOf(cause)}`, {
        cause,
      })
    }
  })
  announce(deps.events, container, 'update')
  return warnings
}

/** What the request says. Every number of processes below one is none. */
function changesOf(request: ContainerUpdate): ContainerUpdate {
  const said = changeable.filter((name) => Boolean(request[name])).map((name) => [name, request[name]])
  const changes: ContainerUpdate = Object.fromEntries(said)
  const { PidsLimit: pids, RestartPolicy: policy } = request
  if (pids !== undefined && pids !== null) changes.PidsLimit = Math.max(pids, 0)
  if (policy?.Name) changes.RestartPolicy = { MaximumRetryCount: 0, ...policy }
  return changes
}

/** The container's configuration with the changes. Throws Conflict in Docker's words. */
function merge({ record }: Container, changes: ContainerUpdate): HostConfig {
  const { hostConfig: now, state } = record
  const status = visibleStatus(state)
  if (status === 'removing' || status === 'dead') {
    throw conflict('container is marked for removal and cannot be "update"')
  }
  checkProcessors(now, changes)
  const { Memory: memory = 0 } = changes
  const swap = now.MemorySwap ?? 0
  if (memory > swap && swap !== -1 && !changes.MemorySwap) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    )
  }
  const policy = changes.RestartPolicy?.Name
  if (now.AutoRemove && policy && policy !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container')
  }
  return { ...now, ...changes }
}

/** `--cpus` sets period and quota, so that only one of the two ways can be in use. */
function checkProcessors(now: HostConfig, changes: ContainerUpdate): void {
  const positive = (value: number | undefined) => (value ?? 0) > 0
  const clashes: [boolean, string][] = [
    [
      positive(changes.NanoCpus) && positive(now.CpuPeriod),
      'Nano CPUs cannot be updated as CPU Period has already been set',
    ],
    [
      positive(changes.NanoCpus) && positive(now.CpuQuota),
      'Nano CPUs cannot be updated as CPU Quota has already been set',
    ],
    [
      positive(changes.CpuPeriod) && positive(now.NanoCpus),
      'CPU Period cannot be updated as NanoCPUs has already been set',
    ],
    [
      positive(changes.CpuQuota) && positive(now.NanoCpus),
      'CPU Quota cannot be updated as NanoCPUs has already been set',
    ],
  ]
  const [found] = clashes.filter(([clash]) => clash)
  if (found) throw conflict(`Conflicting options: ${found[1]}`)
}

/** The change is written down before the kernel is told, so that a daemon that dies in between finishes it (see recovery.ts). */
async function apply(
  container: Container,
  changes: ContainerUpdate,
  hostConfig: HostConfig,
  registry: Registry,
  { faults, spec }: ContainerDependencies,
): Promise<void> {
  const { task } = container
  const limits = spec.limits(changes, hostConfig)
  if (task && isUp(container.record.state) && Object.keys(limits).length > 0) {
    await using undo = new AsyncDisposableStack()
    registry.update(container, { updating: changes })
    undo.defer(() => registry.update(container, { updating: undefined }))
    faults('container.update.recorded')
    undo.defer(await task.update(limits))
    faults('container.update.applied')
    registry.update(container, { hostConfig, updating: undefined })
    undo.move()
  } else registry.update(container, { hostConfig })
}

/** Finishes an update that an earlier daemon began. What the kernel refuses now has not happened. */
export async function finishUpdate(
  container: Container,
  registry: Registry,
  { spec, log }: ContainerDependencies,
): Promise<void> {
  const { updating, hostConfig: now } = container.record
  if (!updating) return
  const hostConfig = { ...now, ...updating }
  try {
    await container.task?.update(spec.limits(updating, hostConfig))
    registry.update(container, { hostConfig, updating: undefined })
  } catch (error) {
    log('warn', `container ${container.id}: its interrupted update is given up: ${messageOf(error)}`)
    registry.update(container, { updating: undefined })
  }
}

const conflict = (message: string) => new GantryError('Conflict', message)
