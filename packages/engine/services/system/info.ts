import type { ContainerSummary, RegistryServiceConfig, SystemInfo } from '@gantry/api'
import { type KernelLimits, limitWarnings } from '../../limits/kernel-limits.ts'
import type { HostFacts } from './facts.ts'
import type { ProgramVersion, SystemSettings } from './settings.ts'

export interface InfoInputs {
  facts: HostFacts
  settings: SystemSettings
  programs: ProgramVersion[]
  containers: Pick<ContainerSummary, 'State'>[]
  images: number
  eventListeners: number
  now: Date
}

/** The public index that short image names belong to. */
const index = { name: 'docker.io', address: 'https://index.docker.io/v1/' }

/** `GET /info`. */
export function toSystemInfo(inputs: InfoInputs): SystemInfo {
  const { facts, settings } = inputs
  return {
    ID: settings.engineId,
    ...containerCounts(inputs.containers),
    Images: inputs.images,
    ...storage(facts),
    Plugins: plugins(settings),
    ...limits(facts.limits),
    IPv4Forwarding: facts.ipv4Forwarding,
    Debug: settings.debug,
    NFd: facts.openFiles,
    NGoroutines: 0,
    SystemTime: inputs.now.toISOString(),
    LoggingDriver: settings.defaultLogDriver,
    CgroupDriver: settings.cgroupDriver,
    CgroupVersion: facts.limits.cgroupVersion,
    NEventsListener: inputs.eventListeners,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: 'linux',
    Architecture: facts.machine,
    IndexServerAddress: index.address,
    RegistryConfig: registryConfig(settings),
    NCPU: facts.processors,
    MemTotal: facts.memory,
    GenericResources: [],
    DockerRootDir: settings.dataRoot,
    HttpProxy: settings.proxies.http,
    HttpsProxy: settings.proxies.https,
    NoProxy: settings.proxies.no,
    Name: facts.hostname,
    Labels: settings.labels,
    ExperimentalBuild: settings.experimental,
    ServerVersion: settings.version,
    Runtimes: settings.runtimes,
    DefaultRuntime: settings.defaultRuntime,
    Swarm: noSwarm,
    // Containers outlive the daemon always.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: settings.initBinary,
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: commitOf(inputs.programs, settings.defaultRuntime) },
    InitCommit: { ID: commitOf(inputs.programs, settings.initBinary) },
    SecurityOptions: settings.securityOptions,
    ...(settings.addressPools.length > 0 && { DefaultAddressPools: addressPools(settings) }),
    FirewallBackend: { Driver: settings.firewall, Info: [] },
    CDISpecDirs: [],
    Warnings: [...settings.warnings, ...hostWarnings(facts)],
  }
}

const noSwarm: SystemInfo['Swarm'] = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
}

function containerCounts(containers: InfoInputs['containers']) {
  const count = (state: ContainerSummary['State']) => containers.filter(({ State }) => State === state).length
  const [running, paused] = [count('running'), count('paused')]
  return {
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: containers.length - running - paused,
  }
}

/** Named as Docker names the same thing, which scripts look for. */
function storage({ backingFilesystem }: HostFacts) {
  return {
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', backingFilesystem],
      ['Supports d_type', 'true'],
      ['Using metacopy', 'false'],
      ['Native Overlay Diff', 'true'],
      ['userxattr', 'false'],
    ],
  }
}

function plugins({ logDrivers }: SystemSettings): NonNullable<SystemInfo['Plugins']> {
  return { Volume: ['local'], Network: ['bridge', 'host', 'null'], Log: logDrivers }
}

function limits(facts: KernelLimits) {
  return {
    MemoryLimit: facts.memory,
    SwapLimit: facts.swap,
    CpuCfsPeriod: facts.cpuCfs,
    CpuCfsQuota: facts.cpuCfs,
    CPUShares: facts.cpuShares,
    CPUSet: facts.cpuset,
    PidsLimit: facts.pids,
    OomKillDisable: facts.oomKillDisable,
  }
}

function registryConfig({ insecureRegistries, registryMirrors }: SystemSettings): RegistryServiceConfig {
  const isNetwork = (entry: string) => /^[\d.:a-f]+\/\d+$/i.test(entry)
  const hosts = insecureRegistries.filter((entry) => !isNetwork(entry))
  return {
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...insecureRegistries.filter(isNetwork)],
    IndexConfigs: {
      [index.name]: { Name: index.name, Mirrors: registryMirrors, Secure: true, Official: true },
      ...Object.fromEntries(
        hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
      ),
    },
    Mirrors: registryMirrors,
  }
}

function addressPools({ addressPools }: SystemSettings) {
  return addressPools.map(({ base, size }) => ({ Base: base, Size: size }))
}

function commitOf(programs: ProgramVersion[], program: string): string {
  const found = programs.find(({ name }) => name === program)
  return found ? (found.commit ?? found.version) : ''
}

/** What users of this host have to do without. */
function hostWarnings({ limits, ipv4Forwarding }: HostFacts): string[] {
  return [...limitWarnings(limits), ...(ipv4Forwarding ? [] : ['WARNING: IPv4 forwarding is disabled'])]
}
