export { cacheFilters } from './build/cache/filters.ts'
export { createBuilds } from './build/index.ts'
export {
  buildFaultPoints,
  type ContainerFaultPoint,
  containerFaultPoints,
  createContainers,
  createImageView,
  type FaultPoint,
  faultsFromEnvironment,
  fileFaultPoints,
  type HostConfigDefaults,
  type HostFacts as ContainerHostFacts,
  imageFaultPoints,
  logFaultPoints,
  makeInitLayer,
  networkFaultPoints,
  StorageLimits,
  systemClock,
  waitStates,
} from './containers/index.ts'
export type * from './contracts.ts'
export { createExecs } from './execs/execs.ts'
export type { CollectionPolicy } from './images/collect.ts'
export {
  createImages,
  type ImageDependencies,
  type ImageService,
  type TransferLimits,
} from './images/index.ts'
export { byteSize } from './limits/byte-size.ts'
export { milliseconds } from './limits/duration.ts'
export { type KernelLimits, kernelLimits } from './limits/kernel-limits.ts'
export { checkLogConfig, LogKeeper, logDriverNames } from './logging/index.ts'
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
