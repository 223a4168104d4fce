/** The engine's part of `system info`. */
import type { SystemInfo } from '@gantry/api'
import { binarySize } from '../../format/units.ts'
import { swarmLines } from './swarm-lines.ts'

/** What engines answer; older ones leave fields out. */
export type EngineInfo = Partial<SystemInfo> & {
  DriverStatus?: [string, string][] | null
  SystemStatus?: [string, string][] | null
}

/** The text's lines. What an engine does not say is left out, except what every engine has. */
export function engineInfoLines(info: EngineInfo): string[] {
  return [
    ` Containers: ${info.Containers ?? 0}`,
    `  Running: ${info.ContainersRunning ?? 0}`,
    `  Paused: ${info.ContainersPaused ?? 0}`,
    `  Stopped: ${info.ContainersStopped ?? 0}`,
    ` Images: ${info.Images ?? 0}`,
    ...line(' Server Version', info.ServerVersion),
    ...line(' Storage Driver', info.Driver),
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...(info.SystemStatus ?? []).map(([name, value]) => ` ${name}: ${value}`),
    ...line(' Logging Driver', info.LoggingDriver),
    ...line(' Cgroup Driver', info.CgroupDriver),
    ...line(' Cgroup Version', info.CgroupVersion),
    ...pluginLines(info),
    ...listed(' CDI spec directories:', info.CDISpecDirs),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? 'inactive'}`,
    ...swarmLines(info.Swarm),
    ...runtimeLines(info),
    ...(info.OSType === 'windows' ? [` Default Isolation: ${info.Isolation ?? ''}`] : []),
    ...line(' Kernel Version', info.KernelVersion),
    ...line(' Operating System', info.OperatingSystem),
    ...line(' OSType', info.OSType),
    ...line(' Architecture', info.Architecture),
    ` CPUs: ${info.NCPU ?? 0}`,
    ` Total Memory: ${binarySize(info.MemTotal ?? 0)}`,
    ...line(' Name', info.Name),
    ...line(' ID', info.ID),
    ` Docker Root Dir: ${info.DockerRootDir ?? ''}`,
    ` Debug Mode: ${info.Debug ?? false}`,
    ...(info.Debug ? debugLines(info) : []),
    ...line(' HTTP Proxy', info.HttpProxy),
    ...line(' HTTPS Proxy', info.HttpsProxy),
    ...line(' No Proxy', info.NoProxy),
    ...listed(' Labels:', info.Labels),
    ` Experimental: ${info.ExperimentalBuild ?? false}`,
    ...registryLines(info),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled ?? false}`,
    ...line(' Product License', info.ProductLicense),
    ...addressPoolLines(info),
    ...line(' Firewall Backend', info.FirewallBackend?.Driver),
  ]
}

const line = (name: string, value: string | undefined | null): string[] =>
  value ? [`${name}: ${value}`] : []

const listed = (heading: string, items: readonly string[] | undefined | null): string[] =>
  items?.length ? [heading, ...items.map((item) => `  ${item}`)] : []

function pluginLines({ Plugins: plugins }: EngineInfo): string[] {
  const names = (list: readonly string[] | undefined | null) => (list ?? []).join(' ')
  return [
    ' Plugins:',
    `  Volume: ${names(plugins?.Volume)}`,
    `  Network: ${names(plugins?.Network)}`,
    ...line('  Authorization', names(plugins?.Authorization)),
    `  Log: ${names(plugins?.Log)}`,
  ]
}

function runtimeLines(info: EngineInfo): string[] {
  const runtimes = Object.keys(info.Runtimes ?? {}).sort()
  const lines =
    runtimes.length > 0
      ? [` Runtimes: ${runtimes.join(' ')}`, ` Default Runtime: ${info.DefaultRuntime ?? ''}`]
      : []
  if (info.OSType !== 'linux') return lines
  return [
    ...lines,
    ` Init Binary: ${info.InitBinary ?? ''}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ''}`,
    ` runc version: ${info.RuncCommit?.ID ?? ''}`,
    ` init version: ${info.InitCommit?.ID ?? ''}`,
    ...securityLines(info.SecurityOptions ?? []),
  ]
}

/** `name=seccomp,profile=default` on two lines. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return []
  const lines = options.flatMap((option) => {
    const pairs = option.split(',').map((pair) => pair.split('='))
    const name = pairs.find(([key]) => key === 'name')?.[1] ?? option
    return [
      `  ${name}`,
      ...pairs.filter(([key]) => key === 'profile').map(([, value]) => `   Profile: ${value}`),
    ]
  })
  return [' Security Options:', ...lines]
}

const debugLines = (info: EngineInfo): string[] => [
  `  File Descriptors: ${info.NFd ?? 0}`,
  `  Goroutines: ${info.NGoroutines ?? 0}`,
  `  System Time: ${info.SystemTime ?? ''}`,
  `  EventsListeners: ${info.NEventsListener ?? 0}`,
]

function registryLines({ RegistryConfig: config }: EngineInfo): string[] {
  const insecure = Object.values(config?.IndexConfigs ?? {})
    .filter((index) => index?.Secure === false)
    .map((index) => index?.Name ?? '')
  const networks = config?.InsecureRegistryCIDRs ?? []
  const known = networks.length > 0 || Object.keys(config?.IndexConfigs ?? {}).length > 0
  return [
    ...(known ? [' Insecure Registries:', ...[...insecure, ...networks].map((name) => `  ${name}`)] : []),
    ...listed(' Registry Mirrors:', config?.Mirrors),
  ]
}

function addressPoolLines({ DefaultAddressPools: pools }: EngineInfo): string[] {
  if (!pools?.length) return []
  return [' Default Address Pools:', ...pools.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`)]
}
