import { CheckpointService } from '../checkpoints/checkpoints.ts'
import type { Checkpoints, ContainerFiles, Containers } from '../contracts.ts'
import { Creator } from './create.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { FileService } from './files/files.ts'
import { HealthMonitor } from './health.ts'
import { UnhealthyEnder } from './health-action.ts'
import { ExecProber } from './health-probe.ts'
import { NetworkFiles } from './network-files.ts'
import { Recovery } from './recovery.ts'
import { Registry } from './registry.ts'
import { Remover } from './remove.ts'
import { ContainerService } from './service.ts'
import { Starter } from './start.ts'
import { Stats } from './stats/stats.ts'
import { Stopper } from './stop.ts'
import { Supervisor } from './supervisor.ts'
import { Restarter } from './user-restart.ts'

export { systemClock } from './clock.ts'
export type { ContainerDependencies } from './dependencies.ts'
export {
  buildFaultPoints,
  type ContainerFaultPoint,
  containerFaultPoints,
  type FaultPoint,
  faultsFromEnvironment,
  fileFaultPoints,
  imageFaultPoints,
  logFaultPoints,
  networkFaultPoints,
} from './faults.ts'
export type { HostConfigDefaults } from './host-config.ts'
export { createImageView } from './image-view.ts'
export { makeInitLayer } from './init-layer.ts'
export type { NetworkFiles } from './network-files.ts'
export type { Registry } from './registry.ts'
export { StorageLimits } from './storage-limits.ts'
export type { HostFacts } from './validate.ts'
export { waitStates } from './wait-state.ts'

export interface ContainerServices {
  containers: Containers
  files: ContainerFiles
  checkpoints: Checkpoints
  /** For the services that must keep a container still while they change it. */
  registry: Registry
  /** For the service that changes the networks of running containers. */
  networkFiles: NetworkFiles
  /**
   * Takes over from an earlier daemon; call it once, before anything else. Restores the networks too, since they need to
   * know which containers run.
   */
  restore(): Promise<void>
  /** Stops following containers, which go on. Call it before what they are written to is closed. */
  close(): void
}

/** Builds the container service from finished parts. */
export function createContainers(deps: ContainerDependencies): ContainerServices {
  const registry = new Registry(deps.table)
  const networkFiles = new NetworkFiles(deps, registry)
  const starter = new Starter(deps, registry, networkFiles)
  const stopper = new Stopper(deps, registry)
  const remover = new Remover(deps, registry, starter, stopper)
  const unhealthy = new UnhealthyEnder(deps, stopper)
  const prober = new ExecProber(deps, registry)
  const health = new HealthMonitor(deps, registry, prober, (one) => unhealthy.end(one))
  const supervisor = new Supervisor(deps, registry, starter, remover, health)
  const restarter = new Restarter(deps, registry, stopper, supervisor)
  const recovery = new Recovery(deps, registry, { starter, remover, supervisor, restarter, networkFiles })
  return {
    containers: new ContainerService(deps, {
      registry,
      networkFiles,
      creator: new Creator(deps, registry),
      supervisor,
      stopper,
      restarter,
      remover,
      stats: new Stats(deps, registry),
    }),
    files: new FileService(deps, registry),
    checkpoints: new CheckpointService(deps, registry),
    registry,
    networkFiles,
    restore: () => recovery.restore(),
    close: () => supervisor.close(),
  }
}
