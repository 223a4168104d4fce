/** What the tests of this folder build specifications from. */
import type { ContainerConfig, HostConfig } from '@gantry/api'
import type { ContainerRecord } from '../containers/record.ts'
import { neverStarted } from '../containers/state.ts'
import type { SpecInput } from './build.ts'
import { allCapabilities } from './capabilities.ts'
import type { HostFacts } from './host.ts'

export const id = 'ab'.repeat(32)

export const host: HostFacts = {
  cgroupVersion: 1,
  cgroupParent: '/docker',
  architecture: 'amd64',
  kernel: [6, 1],
  capabilities: allCapabilities,
  swapLimit: true,
  ulimits: [],
  seccomp: true,
  seccompProfile: { kind: 'builtin' },
  noNewPrivileges: false,
  apparmorProfiles: null,
  selinux: false,
  extraMaskedPaths: [],
  initProgram: '/usr/bin/catatonit',
}

/** busybox's users, as far as they matter. */
const users: SpecInput['users'] = {
  passwd: [
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'www', uid: 33, gid: 33, home: '/var/www' },
  ],
  group: [
    { name: 'root', gid: 0, members: [] },
    { name: 'wheel', gid: 10, members: ['root'] },
    { name: 'audio', gid: 29, members: ['www'] },
  ],
}

/** A container that has never been started, of this configuration. */
export function record(config: ContainerConfig = {}, hostConfig: HostConfig = {}): ContainerRecord {
  return {
    id,
    name: 'spec',
    created: '2024-01-01T00:00:00Z',
    image: null,
    args: ['sleep', '600'],
    config,
    hostConfig: { CgroupnsMode: 'host', ...hostConfig },
    endpoints: {},
    mounts: [],
    ...neverStarted,
    health: {},
  }
}

/** What `buildSpec` takes for a container of this configuration; `rest` in place of the defaults. */
export function input(
  config: ContainerConfig = {},
  hostConfig: HostConfig = {},
  rest: Partial<SpecInput> = {},
): SpecInput {
  const files = { hosts: '/c/hosts', hostname: '/c/hostname', resolvConf: '/c/resolv.conf' }
  return {
    record: record(config, hostConfig),
    mounts: [],
    files,
    hostname: 'box',
    domainname: '',
    namespaces: { network: 'private', pid: 'private', ipc: 'private' },
    users,
    devices: { requested: [], all: [], numbers: new Map() },
    ...rest,
  }
}
