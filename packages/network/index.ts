export type * from './contracts.ts'
export type { DefaultBridge } from './default-networks.ts'
export {
  extraHostsLines,
  type HostsRequest,
  hostsFile,
  ownHostsLines,
  withHostsLines,
  withHostsLink,
  withOwnHostsLines,
  withoutHostsLines,
} from './files/hosts.ts'
export {
  internalResolvConf,
  parseResolvConf,
  reachableServers,
  resolvConf,
  systemdResolvConf,
  usesLocalStub,
} from './files/resolv-conf.ts'
export { type AddressPool, defaultPools } from './ipam/pools.ts'
export { createNetworks, type NetworksOptions } from './networks.ts'
export { checkAddresses, hasNames } from './sandbox/endpoint.ts'
export type { NetworkTables, SandboxRecord } from './sandbox/records.ts'
