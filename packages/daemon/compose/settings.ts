import { logDriverNames, type SpecHostFacts, type SystemSettings } from '@gantry/engine'
import type { RegistryConfig } from '@gantry/oci'
import type { DaemonConfig } from '../config/config.ts'
import type { IsolationConfig } from '../config/isolation.ts'
import { newestVersion, oldestVersion } from '../http/version.ts'
import { productVersion } from '../version.ts'
import type { Programs } from './programs.ts'
import { registryConfig } from './registries.ts'

export interface SettingsParts {
  config: DaemonConfig
  /** The one in use: see `dataRootOf`. */
  dataRoot: string
  engineId: string
  programs: Programs
  host: SpecHostFacts
  environment: NodeJS.ProcessEnv
}

/** What `/info` and `/version` tell of the configuration, read anew each time so that a reload shows. */
export function systemSettings({
  config,
  dataRoot,
  engineId,
  programs,
  host,
  environment,
}: SettingsParts): () => SystemSettings {
  return () => ({
    engineId,
    version: productVersion,
    gitCommit: '',
    buildTime: '',
    apiVersion: `1.${newestVersion}`,
    minApiVersion: `1.${oldestVersion}`,
    dataRoot,
    debug: config.live.logLevel === 'debug',
    experimental: config.experimental,
    labels: config.live.labels,
    runtimes: Object.fromEntries(programs.runtimes.map(({ name, path }) => [name, { path }])),
    defaultRuntime: programs.defaultRuntime(),
    initBinary: programs.init?.path.split('/').at(-1) ?? '',
    logDrivers: [...logDriverNames],
    defaultLogDriver: config.logDriver,
    cgroupDriver: 'cgroupfs',
    securityOptions: securityOptions(config.isolation, host),
    insecureRegistries: config.live.insecureRegistries,
    registryMirrors: config.live.registryMirrors,
    addressPools: config.addressPools,
    firewall: 'nftables',
    proxies: proxiesOf(registryConfig(config, environment).proxies),
    warnings: warningsOf(config),
  })
}

/** In Docker's order: what keeps containers apart on this host. */
function securityOptions(isolation: IsolationConfig, host: SpecHostFacts): string[] {
  return [
    ...(host.selinux && isolation.selinux ? ['name=selinux'] : []),
    ...(host.apparmorProfiles ? ['name=apparmor'] : []),
    ...(host.seccomp ? [`name=seccomp,profile=${isolation.seccompProfile}`] : []),
    ...(isolation.noNewPrivileges ? ['name=no-new-privileges'] : []),
    ...(isolation.usernsRemap ? ['name=userns'] : []),
    ...(host.cgroupVersion === 2 ? ['name=cgroupns'] : []),
  ]
}

/** `/info` is for everybody who may talk to the engine: a proxy's user and password are not shown. */
function proxiesOf({ http, https, no }: RegistryConfig['proxies']): SystemSettings['proxies'] {
  return { http: withoutPassword(http), https: withoutPassword(https), no }
}

/** A password may hold an `@` that ought to have been encoded: all before the last one is masked. */
export function withoutPassword(proxy: string): string {
  return proxy.replace(/^([a-z]+:\/\/)?[^/]*@/i, '$1xxxxx:xxxxx@')
}

function warningsOf(config: DaemonConfig): string[] {
  const exposed = config.hosts.filter((host) => host.kind === 'tcp')
  if (config.tls?.ca || exposed.length === 0) return []
  return exposed.map(
    ({ host, port }) =>
      `WARNING: API is accessible on http${config.tls ? 's' : ''}://${host}:${port} without ${config.tls ? 'TLS client verification' : 'encryption'}.`,
  )
}
