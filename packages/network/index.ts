export type * from './contracts.ts'
export {
  extraHostsLines,
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
export { createNetworks, type NetworksOptions } from './networks.ts'
export { checkAddresses, hasNames } from './sandbox/endpoint.ts'
