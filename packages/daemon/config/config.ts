import { isIP } from 'node:net'
import type { CollectionPolicy } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { defaultGroup } from '../listen/group.ts'
import type { LogFormat, LogLevel } from '../log.ts'
import { type CacheRules, cacheRulesOf } from './builder-gc.ts'
import { readConfigFile, unusable } from './file.ts'
import { type Host, parseHost } from './hosts.ts'
import { imageGcOf } from './image-gc.ts'
import { type IsolationConfig, isolationOf } from './isolation.ts'
import type { AddressPool, OptionValues, RuntimeOption } from './option-values.ts'
import { type OptionSpec, optionSpecs } from './options.ts'
import { type RegistrySettings, registrySettings } from './registries.ts'
import { type ResourcesConfig, resourcesOf } from './resources.ts'
import { checkValues } from './validate.ts'

export interface TlsFiles {
  /** Clients must show a certificate of this authority; without it any client may connect. */
  ca?: string
  cert: string
  key: string
}

/** What SIGHUP may change. */
export interface LiveConfig {
  logLevel: LogLevel
  labels: string[]
  insecureRegistries: string[]
  registryMirrors: string[]
  registries: RegistrySettings
  /** Undefined: the first that works on this host. */
  defaultRuntime: string | undefined
  /** Seconds. */
  shutdownTimeout: number
  /** Null: images stay until somebody removes them. */
  imageGc: CollectionPolicy | null
}

/** The whole configuration, checked, with its defaults filled in. */
export interface DaemonConfig {
  live: LiveConfig
  cacheRules: CacheRules
  /** Empty when none were given: then the default sockets. */
  hosts: Host[]
  dataRoot: string
  execRoot: string
  pidfile: string
  configFile: string
  group: string
  tls: TlsFiles | null
  /** The user has said that TCP without TLS is what they want. */
  plainTcpAllowed: boolean
  logFormat: LogFormat
  /** OCI runtimes beside crun and runc. */
  runtimes: Record<string, RuntimeOption>
  bridge: string | undefined
  bip: string | undefined
  addressPools: AddressPool[]
  dns: { servers: string[]; search: string[]; options: string[] }
  icc: boolean
  defaultBindAddress: string
  mtu: number
  userlandProxy: boolean
  hostGateway: string[]
  cgroupParent: string | undefined
  init: boolean
  initPath: string | undefined
  isolation: IsolationConfig
  resources: ResourcesConfig
  experimental: boolean
  logDriver: string
  logOptions: Record<string, string>
}

export interface LoadedConfig {
  config: DaemonConfig
  warnings: string[]
}

const defaultConfigFile = '/etc/gantry/daemon.json'

/** Puts flags and configuration file together. Throws InvalidParameter in the words of dockerd. */
export async function loadConfig(flags: OptionValues): Promise<LoadedConfig> {
  const configFile = flags['config-file'] ?? defaultConfigFile
  const file = await readConfigFile(configFile, flags['config-file'] !== undefined)
  const conflicts = conflictsBetween(flags, file.values)
  if (conflicts.length > 0) {
    const both = 'the following directives are specified both as a flag and in the configuration file'
    throw unusable(configFile, new GantryError('InvalidParameter', `${both}: ${conflicts.join(', ')}`))
  }
  const values = { ...file.values, ...flags }
  checkValues(values)
  return { config: configOf(values, configFile), warnings: file.warnings }
}

function conflictsBetween(flags: OptionValues, file: OptionValues): string[] {
  const specs: readonly OptionSpec[] = optionSpecs
  return specs
    .filter(({ key }) => Object.hasOwn(flags, key) && Object.hasOwn(file, key))
    .map(({ key }) => {
      const [flag, fromFile] = [flags, file].map((values) =>
        JSON.stringify((values as Record<string, unknown>)[key]),
      )
      return `${key}: (from flag: ${flag}, from file: ${fromFile})`
    })
}

function configOf(values: OptionValues, configFile: string): DaemonConfig {
  const tls = tlsOf(values)
  const execRoot = values['exec-root'] ?? '/run/gantry'
  return {
    live: liveOf(values),
    hosts: (values.hosts ?? []).map((host) => parseHost(host, tls !== null)),
    dataRoot: values['data-root'] ?? '/var/lib/gantry',
    execRoot,
    pidfile: values.pidfile ?? `${execRoot}/gantryd.pid`,
    configFile,
    group: values.group ?? defaultGroup,
    tls,
    plainTcpAllowed: tls === null && (values.tls === false || values.tlsverify === false),
    logFormat: (values['log-format'] ?? 'text') as LogFormat,
    runtimes: values.runtimes ?? {},
    bridge: values.bridge || undefined,
    bip: values.bip || undefined,
    addressPools: values['default-address-pools'] ?? [],
    dns: { servers: values.dns ?? [], search: values['dns-search'] ?? [], options: values['dns-opts'] ?? [] },
    icc: values.icc ?? true,
    defaultBindAddress: values.ip ?? '0.0.0.0',
    mtu: values.mtu || 1500,
    hostGateway: values['host-gateway-ips'] ?? [],
    userlandProxy: values['userland-proxy'] ?? true,
    cgroupParent: values['cgroup-parent'] || undefined,
    init: values.init ?? false,
    initPath: values['init-path'] || undefined,
    isolation: isolationOf(values),
    resources: resourcesOf(values),
    cacheRules: cacheRulesOf(values.builder?.gc),
    experimental: values.experimental ?? false,
    logDriver: values['log-driver'] ?? 'json-file',
    logOptions: values['log-opts'] ?? {},
  }
}

function liveOf(values: OptionValues): LiveConfig {
  return {
    logLevel: values.debug ? 'debug' : ((values['log-level'] ?? 'info') as LogLevel),
    labels: values.labels ?? [],
    insecureRegistries: values['insecure-registries'] ?? [],
    registryMirrors: (values['registry-mirrors'] ?? []).map((mirror) => `${mirror.replace(/\/+$/, '')}/`),
    registries: registrySettings(values),
    defaultRuntime: values['default-runtime'] || undefined,
    shutdownTimeout: values['shutdown-timeout'] ?? 15,
    imageGc: imageGcOf(values['image-gc']),
  }
}

function tlsOf(values: OptionValues): TlsFiles | null {
  if (!values.tls && !values.tlsverify) return null
  if (!values.tlscert || !values.tlskey)
    throw new GantryError('InvalidParameter', 'TLS needs --tlscert and --tlskey')
  if (values.tlsverify && !values.tlscacert)
    throw new GantryError('InvalidParameter', '--tlsverify needs --tlscacert')
  return { ca: values.tlsverify ? values.tlscacert : undefined, cert: values.tlscert, key: values.tlskey }
}

/** Whether the daemon would listen beyond this machine's own unix sockets without knowing who calls. Throws Forbidden. */
export function refusePlainTcp(config: DaemonConfig): void {
  const exposed = config.hosts.find((host) => host.kind === 'tcp')
  if (!exposed || config.tls || config.plainTcpAllowed) return
  const address =
    exposed.kind === 'tcp'
      ? `${isIP(exposed.host) === 6 ? `[${exposed.host}]` : exposed.host}:${exposed.port}`
      : ''
  throw new GantryError(
    'Forbidden',
    `refusing to listen on tcp://${address} without TLS: whoever can connect is root on this machine. ` +
      'Use --tlsverify with certificates, or say --tls=false to accept that.',
  )
}
