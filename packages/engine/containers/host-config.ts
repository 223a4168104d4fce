import type { DeviceRequest, HostConfig } from '@gantry/api'

/** What fills in a HostConfig where the user says nothing. */
export interface HostConfigDefaults {
  /** Name of the default OCI runtime. */
  runtime: string
  /** `private` on cgroup v2 hosts, `host` on v1, unless `--default-cgroupns-mode` says otherwise. */
  cgroupnsMode: 'private' | 'host'
  /** Of the host's control groups: on v1 a privileged container sees those of the host, whatever the default. */
  cgroupVersion: 1 | 2
  /** `--default-ipc-mode`. */
  ipcMode: 'private' | 'shareable'
  /** Bytes of /dev/shm. */
  shmSize: number
  /** Bytes that a container may write; 0 is no limit. */
  storageSize: number
  maskedPaths: string[]
  readonlyPaths: string[]
  /** `--init` for containers that do not say. */
  init?: boolean
  /** Log driver and its options for containers that name no driver; `json-file` without it. */
  log?: { driver: string; options: Readonly<Record<string, string>> }
}

/** Fields that the API always shows, in its order; the lists that are null when nothing was given are null in it too. */
const shown = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  NetworkMode: 'default',
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: 'host',
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: 'private',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Runtime: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: [],
  ReadonlyPaths: [],
} as const

/** Shown only when they say something. */
const optional = [
  'Annotations',
  'HealthOnFailure',
  'Init',
  'Mounts',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
] as const

/** The user's wishes with every default filled in, as `inspect` shows them. Expects a valid HostConfig. */
export function withDefaults(user: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const result: Record<string, unknown> = { ...shown }
  for (const name of Object.keys(shown) as (keyof typeof shown)[]) {
    const wish = user[name]
    if (wish !== undefined && wish !== null && wish !== '') result[name] = wish
  }
  for (const name of optional) {
    const wish = user[name]
    if (wish !== undefined && wish !== null && (typeof wish !== 'object' || Object.keys(wish).length > 0)) {
      result[name] = wish
    }
  }
  // What command lines send for an option that was not given.
  if (user.MemorySwappiness === -1) result.MemorySwappiness = null
  if ((user.PidsLimit ?? 0) <= 0) result.PidsLimit = null
  const filled = result as HostConfig
  return {
    ...filled,
    ...(defaults.init && user.Init === undefined && { Init: true }),
    LogConfig: logConfig(user, defaults),
    RestartPolicy: {
      Name: user.RestartPolicy?.Name || 'no',
      MaximumRetryCount: user.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: user.CgroupnsMode || defaultCgroupnsMode(user, defaults),
    IpcMode: user.IpcMode || defaults.ipcMode,
    SecurityOpt: (user.SecurityOpt ?? (sharesWithHost(user) ? ['label=disable'] : null)) as string[],
    Runtime: user.Runtime || defaults.runtime,
    ShmSize: user.ShmSize || defaults.shmSize,
    MemorySwap: user.MemorySwap || 2 * (user.Memory ?? 0),
    ...(user.DeviceRequests?.length && { DeviceRequests: user.DeviceRequests.map(wholeRequest) }),
    CapAdd: normalCapabilities(user.CapAdd) as string[],
    CapDrop: normalCapabilities(user.CapDrop) as string[],
    MaskedPaths: user.MaskedPaths ?? (user.Privileged ? [] : defaults.maskedPaths),
    ReadonlyPaths: user.ReadonlyPaths ?? (user.Privileged ? [] : defaults.readonlyPaths),
  }
}

function defaultCgroupnsMode({ Privileged }: HostConfig, defaults: HostConfigDefaults): 'private' | 'host' {
  return Privileged && defaults.cgroupVersion === 1 ? 'host' : defaults.cgroupnsMode
}

/** With every field, as the API shows it. */
function wholeRequest(request: DeviceRequest): DeviceRequest {
  const none = { Driver: '', Count: 0, DeviceIDs: null, Capabilities: null, Options: null }
  return { ...(none as unknown as DeviceRequest), ...request }
}

/** Processes of such a container meet those of the host, which labels would keep apart. */
function sharesWithHost({ Privileged, PidMode, IpcMode }: HostConfig): boolean {
  return Privileged === true || PidMode === 'host' || IpcMode === 'host'
}

/** The daemon's options are for its driver, whether a container names that one or none. */
export function logConfig(user: HostConfig, { log }: Pick<HostConfigDefaults, 'log'>) {
  const defaultDriver = log?.driver ?? 'json-file'
  const type = user.LogConfig?.Type || defaultDriver
  const config = user.LogConfig?.Config ?? {}
  return {
    Type: type as NonNullable<NonNullable<HostConfig['LogConfig']>['Type']>,
    Config: type === defaultDriver ? { ...log?.options, ...config } : config,
  }
}

/** `net_admin` and `CAP_NET_ADMIN` are one capability; `ALL` stays as it is. */
export function normalCapability(name: string): string {
  const upper = name.toUpperCase()
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`
}

function normalCapabilities(names: readonly string[] | null | undefined): string[] | null {
  return names ? [...new Set(names.map(normalCapability))].sort() : null
}
