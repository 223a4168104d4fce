export { createBuilds } from './build/index.ts'
export {
  type BuildFaultPoint,
  buildFaultPoints,
  type Clock,
  type ContainerDependencies,
  type ContainerFaultPoint,
  type ContainerPaths,
  type ContainerRecord,
  type ContainerServices,
  containerFaultPoints,
  createContainers,
  createImageView,
  type ExecSpecRequest,
  type FaultPoint,
  faultsFromEnvironment,
  fileFaultPoints,
  type HostConfigDefaults,
  type HostFacts as ContainerHostFacts,
  type ImageView,
  imageFaultPoints,
  type LogFaultPoint,
  logFaultPoints,
  makeInitLayer,
  networkFaultPoints,
  type Registry,
  type SharedNamespaces,
  type SpecBuilder,
  type SpecMount,
  type SpecRequest,
  StorageLimits,
  systemClock,
  waitStates,
} from './containers/index.ts'
export type * from './contracts.ts'
export { createExecs, type ExecDependencies } from './execs/execs.ts'
export type { CollectionPolicy } from './images/collect.ts'
export { createImages, type ImageDependencies, type TransferLimits } from './images/index.ts'
export { byteSize } from './limits/byte-size.ts'
export { type KernelLimits, kernelLimits } from './limits/kernel-limits.ts'
export { checkLogConfig, LogKeeper, type LogRow, logDriverNames } from './logging/index.ts'
export { type ContainerContexts, containerContexts } from './selinux/index.ts'
export { GarbageCollector } from './services/collector.ts'
export * from './services/index.ts'
export {
  AppArmor,
  createSpecBuilder,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  gatherSpecFacts,
  type HostFacts as SpecHostFacts,
} from './spec/index.ts'
