/** From the flags of `run` and `create` to the body of the API's request. */
import type { ContainerConfig, EndpointSettings, HostConfig, NetworkingConfig, Operations } from '@gantry/api'
import type { Flags } from '../framework/command.ts'
import { capabilities } from '../options/capabilities.ts'
import { parseHealth } from '../options/health.ts'
import { parseExtraHost } from '../options/hosts.ts'
import { type Environment, readLabels, readVariables } from '../options/key-values.ts'
import { parseMount } from '../options/mount.ts'
import {
  attachment,
  checkMacAddress,
  endpointSettings,
  isUserDefined,
  type NetworkAttachment,
  parseNetwork,
} from '../options/network.ts'
import { parseExposed, parsePublished } from '../options/port.ts'
import { parseRestartPolicy } from '../options/restart-policy.ts'
import { parseSecurityOptions } from '../options/security.ts'
import { parseVolume } from '../options/volume.ts'
import { parseResources } from './resources.ts'

export type CreateBody = Operations['ContainerCreate']['body'] & {
  HostConfig: HostConfig
  NetworkingConfig: NetworkingConfig
}

/** Builds the body; `args` are the image and the command. Throws RangeError with Docker's words for values that clash. */
export function createRequest(args: readonly string[], flags: Flags, env: Environment): CreateBody {
  const [image = '', ...command] = args
  if (flags.string('mac-address') !== '') checkMacAddress(flags.string('mac-address'))
  const swappiness = flags.number('memory-swappiness')
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new RangeError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`)
  }
  const volumes = readVolumes(flags.list('volume'))
  const bindings = parsePublished(flags.list('publish'))
  const ports = [...Object.keys(bindings), ...parseExposed(flags.list('expose'))]
  const resources = parseResources(flags)
  const config = containerConfig(image, command, flags, env)
  checkModes(flags)
  return {
    ...config,
    ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) }),
    ...(volumes.anonymous.length > 0 && {
      Volumes: Object.fromEntries(volumes.anonymous.map((path) => [path, {}])),
    }),
    ...optional({ Healthcheck: parseHealth(flags) }),
    HostConfig: {
      ...hostConfig(flags),
      ...resources,
      ...(volumes.binds.length > 0 && { Binds: volumes.binds }),
      PortBindings: bindings,
    },
    NetworkingConfig: { EndpointsConfig: endpoints(flags) },
  }
}

function containerConfig(
  image: string,
  command: string[],
  flags: Flags,
  env: Environment,
): Omit<ContainerConfig, 'Healthcheck'> {
  const attached = flags.list('attach').map((name) => name.toLowerCase())
  const stdin = flags.bool('interactive')
  const attachStdin = stdin || attached.includes('stdin')
  const variables = readVariables(flags.list('env-file'), flags.list('env'), env)
  const labels = readLabels(flags.list('label-file'), flags.list('label'))
  return {
    Image: image,
    ...texts(flags, { Hostname: 'hostname', Domainname: 'domainname', User: 'user', WorkingDir: 'workdir' }),
    ...texts(flags, { StopSignal: 'stop-signal' }),
    AttachStdin: attachStdin,
    AttachStdout: attached.length === 0 || attached.includes('stdout'),
    AttachStderr: attached.length === 0 || attached.includes('stderr'),
    Tty: flags.bool('tty'),
    OpenStdin: stdin,
    // Closes the container's stdin with the attached client's.
    StdinOnce: stdin && attachStdin,
    ...(variables.length > 0 && { Env: variables }),
    ...(command.length > 0 && { Cmd: command }),
    ...(flags.changed('entrypoint') && { Entrypoint: [flags.string('entrypoint')] }),
    Labels: labels,
    ...(flags.changed('stop-timeout') && { StopTimeout: flags.number('stop-timeout') }),
  }
}

function hostConfig(flags: Flags): HostConfig {
  const restart = parseRestartPolicy(flags.string('restart'))
  const autoRemove = flags.bool('rm')
  const log = logConfig(flags)
  const security = parseSecurityOptions(flags.list('security-opt'))
  const storage = keyValues(flags.list('storage-opt'), 'invalid storage option')
  if (autoRemove && restart.Name !== 'no' && restart.Name !== ('' as string)) {
    throw new RangeError('conflicting options: cannot specify both --restart and --rm')
  }
  const tmpfs = flags
    .list('tmpfs')
    .map((text) => [text.split(':')[0] ?? '', text.split(':').slice(1).join(':')])
  const lists = {
    Links: 'link',
    VolumesFrom: 'volumes-from',
    GroupAdd: 'group-add',
  } as const
  return {
    ...texts(flags, { ContainerIDFile: 'cidfile', VolumeDriver: 'volume-driver', Runtime: 'runtime' }),
    ...texts(flags, { IpcMode: 'ipc', PidMode: 'pid', UTSMode: 'uts', UsernsMode: 'userns' }),
    ...texts(flags, { CgroupnsMode: 'cgroupns', Isolation: 'isolation' }),
    ...texts(flags, { HealthOnFailure: 'health-on-failure' }),
    ...Object.fromEntries(
      Object.entries(lists).flatMap(([field, flag]) =>
        flags.changed(flag) ? [[field, flags.list(flag)]] : [],
      ),
    ),
    ...(flags.changed('add-host') && { ExtraHosts: flags.list('add-host').map(parseExtraHost) }),
    ...capabilities(flags.list('cap-add'), flags.list('cap-drop')),
    Dns: flags.list('dns'),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search').map((domain) => domain.trim()),
    NetworkMode: networks(flags)[0]?.target ?? 'default',
    RestartPolicy: restart,
    LogConfig: log,
    AutoRemove: autoRemove,
    Privileged: flags.bool('privileged'),
    PublishAllPorts: flags.bool('publish-all'),
    ReadonlyRootfs: flags.bool('read-only'),
    OomScoreAdj: flags.number('oom-score-adj'),
    ShmSize: flags.bytes('shm-size'),
    ...(flags.changed('init') && { Init: flags.bool('init') }),
    ...(security.options.length > 0 && { SecurityOpt: security.options }),
    ...(security.unconfinedPaths && { MaskedPaths: [], ReadonlyPaths: [] }),
    ...(Object.keys(storage).length > 0 && { StorageOpt: storage }),
    ...(tmpfs.length > 0 && { Tmpfs: Object.fromEntries(tmpfs) as Record<string, string> }),
    ...(flags.changed('sysctl') && { Sysctls: flags.map('sysctl') }),
    ...(flags.changed('annotation') && { Annotations: flags.map('annotation') }),
    ...(flags.changed('mount') && { Mounts: flags.list('mount').map((text) => parseMount(text)) }),
  }
}

/** The values of single flags by the field of the API, those that were left empty left out. */
function texts<K extends string>(flags: Flags, names: Record<K, string>): { [F in K]?: never } {
  const given = Object.entries<string>(names).map(([field, flag]) => [field, flags.string(flag)])
  return Object.fromEntries(given.filter(([, text]) => text !== '')) as { [F in K]?: never }
}

function optional<T extends object>(values: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}

function readVolumes(texts: readonly string[]): { binds: string[]; anonymous: string[] } {
  const parsed = [...new Set(texts)].map((text) => parseVolume(text))
  return {
    binds: parsed.flatMap((volume) => ('bind' in volume ? [volume.bind] : [])),
    anonymous: parsed.flatMap((volume) => ('anonymous' in volume ? [volume.anonymous] : [])),
  }
}

/** Namespace modes that the command line itself refuses. */
function checkModes(flags: Flags): void {
  const isContainer = (mode: string) => /^container:.+/.test(mode)
  const pid = flags.string('pid')
  if (pid !== '' && pid !== 'host' && !isContainer(pid)) throw new RangeError('--pid: invalid PID mode')
  for (const [flag, name, modes] of [
    ['uts', 'UTS', ['', 'host']],
    ['userns', 'USER', ['', 'host']],
    ['cgroupns', 'CGROUP', ['', 'host', 'private']],
  ] as const) {
    if (!(modes as readonly string[]).includes(flags.string(flag))) {
      throw new RangeError(`--${flag}: invalid ${name} mode`)
    }
  }
}

function logConfig(flags: Flags): NonNullable<HostConfig['LogConfig']> {
  const driver = flags.string('log-driver')
  const options = readLabels([], flags.list('log-opt'))
  if (driver === 'none' && flags.changed('log-opt')) {
    throw new RangeError(`invalid logging opts for driver ${driver}`)
  }
  return { Type: driver as 'json-file', Config: options }
}

function keyValues(texts: readonly string[], problem: string): Record<string, string> {
  if (texts.some((text) => !text.includes('='))) throw new RangeError(problem)
  return readLabels([], texts)
}

function networks(flags: Flags): NetworkAttachment[] {
  return flags.list('network').map(parseNetwork)
}

/** What each network is told. The flags outside `--network` belong to the first. */
function endpoints(flags: Flags): Record<string, EndpointSettings> {
  const wanted = networks(flags)
  if (wanted.length === 0) return { default: endpointSettings(withFlags(attachment('default'), flags)) }
  const result: Record<string, EndpointSettings> = {}
  wanted.forEach((network, index) => {
    const settings = endpointSettings(index === 0 ? withFlags(network, flags) : network)
    if (Object.hasOwn(result, network.target)) {
      throw new RangeError(`network ${JSON.stringify(network.target)} is specified multiple times`)
    }
    // The engine needs no settings to join its only network.
    if (wanted.length > 1 || Object.keys(settings).length > 0) result[network.target] = settings
  })
  const userDefined = wanted.filter(({ target }) => isUserDefined(target)).length
  if (userDefined > 0 && userDefined < wanted.length) {
    const both = 'cannot attach both user-defined and non-user-defined network-modes'
    throw new RangeError(`conflicting options: ${both}`)
  }
  return result
}

function withFlags(network: NetworkAttachment, flags: Flags): NetworkAttachment {
  const aliases = flags.list('network-alias')
  const links = isUserDefined(network.target) ? flags.list('link') : []
  const linkLocalIps = flags.list('link-local-ip')
  const ip = flags.string('ip')
  const ip6 = flags.string('ip6')
  const macAddress = flags.string('mac-address')
  const clash = (flag: string, own: string) =>
    new RangeError(`conflicting options: cannot specify both --${flag} and per-network ${own}`)
  if (aliases.length > 0 && network.aliases.length > 0) throw clash('network-alias', 'alias')
  if (ip !== '' && network.ip !== '') throw clash('ip', 'IPv4 address')
  if (ip6 !== '' && network.ip6 !== '') throw clash('ip6', 'IPv6 address')
  if (macAddress !== '' && network.macAddress !== '') throw clash('mac-address', 'MAC address')
  if (linkLocalIps.length > 0 && network.linkLocalIps.length > 0) {
    throw clash('link-local-ip', 'link-local IP addresses')
  }
  return {
    ...network,
    aliases: aliases.length > 0 ? aliases : network.aliases,
    links,
    linkLocalIps: linkLocalIps.length > 0 ? linkLocalIps : network.linkLocalIps,
    ip: ip || network.ip,
    ip6: ip6 || network.ip6,
    macAddress: macAddress || network.macAddress,
  }
}
