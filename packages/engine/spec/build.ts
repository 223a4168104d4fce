/** The OCI specification of a container, from what the user asked for and what the host is. No I/O in here. */
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { OciProcess, OciSpec } from '@gantry/runtime'
import type { SpecRequest } from '../containers/dependencies.ts'
import { capabilitySets, containerCapabilities } from './capabilities.ts'
import { containerDevices } from './devices.ts'
import { environment } from './environment.ts'
import type { HostDevices, HostFacts } from './host.ts'
import { rlimits } from './limits.ts'
import { containerMounts, initPath, rootPropagation } from './mounts.ts'
import { containerNamespaces, idMappings } from './namespaces.ts'
import { resources } from './resources.ts'
import { type Confinement, confinement } from './security.ts'
import { defaultMaskedPaths, defaultReadonlyPaths } from './system-paths.ts'
import { isHomeless, resolveUser } from './user.ts'
import type { UserDatabase } from './user-database.ts'

/** What of the request and the host has been looked up. */
export interface SpecInput extends Omit<SpecRequest, 'rootfs'> {
  users: UserDatabase
  devices: HostDevices
}

/** The specification that OCI runtimes support from crun 1.0 and runc 1.0 on. */
const ociVersion = '1.0.2'

/**
 * Builds the specification. Where the root file system lies and what its terminal is, the runtime fills in.
 * Throws InvalidParameter in Docker's words.
 */
export function buildSpec(input: SpecInput, host: HostFacts): OciSpec {
  const { hostConfig } = input.record
  const capabilities = containerCapabilities(hostConfig, host)
  const confined = confinement(input.record, host, capabilities)
  const initProgram = initFor(input, host)
  const ownUts = hostConfig.UTSMode !== 'host'
  return {
    ociVersion,
    process: containerProcess(input, host, confined, initProgram !== null),
    root: { path: 'rootfs', ...(hostConfig.ReadonlyRootfs && { readonly: true }) },
    ...(ownUts && { hostname: input.hostname }),
    mounts: containerMounts({
      hostConfig,
      mounts: input.mounts,
      files: input.files,
      initProgram,
      readOnlyBelow: host.kernel[0] > 5 || (host.kernel[0] === 5 && host.kernel[1] >= 12),
      writableCgroups: confined.writableCgroups,
    }),
    ...(hostConfig.Annotations && { annotations: hostConfig.Annotations }),
    linux: {
      sysctl: sysctls(input, ownUts),
      ...containerLinux(input, host),
      ...(confined.seccomp && { seccomp: confined.seccomp }),
      ...(confined.selinux && { mountLabel: confined.selinux.mount }),
    },
  }
}

function containerLinux(input: SpecInput, host: HostFacts): Record<string, unknown> {
  const { id, hostConfig } = input.record
  const { devices, rules } = containerDevices(hostConfig, input.devices)
  const propagation = rootPropagation(input.mounts)
  const hidden = hostConfig.Privileged ? [] : defaultMaskedPaths(host)
  const readonly = hostConfig.Privileged ? [] : defaultReadonlyPaths
  return {
    resources: { devices: rules, ...resources(hostConfig, host, input.devices.numbers) },
    cgroupsPath: posix.join('/', hostConfig.CgroupParent || host.cgroupParent, id),
    namespaces: containerNamespaces(hostConfig, input),
    ...idMappings(input),
    ...(devices.length > 0 && { devices }),
    ...(propagation && { rootfsPropagation: propagation }),
    maskedPaths: hostConfig.MaskedPaths ?? hidden,
    readonlyPaths: hostConfig.ReadonlyPaths ?? readonly,
  }
}

function containerProcess(
  input: SpecInput,
  host: HostFacts,
  confined: Confinement,
  withInit: boolean,
): OciProcess {
  const { config, hostConfig, args } = input.record
  const user = resolveUser({
    user: config.User ?? '',
    groupAdd: hostConfig.GroupAdd ?? [],
    database: input.users,
  })
  const limits = rlimits(hostConfig.Ulimits ?? [], host.ulimits)
  return {
    ...(config.Tty && { terminal: true }),
    user,
    args: withInit ? [initPath, '--', ...args] : args,
    env: environment({
      hostname: input.hostname,
      terminal: config.Tty ?? false,
      layers: [input.linkVariables, config.Env],
      homeless: isHomeless(user.uid, input.users),
    }),
    cwd: posix.normalize(config.WorkingDir || '/'),
    capabilities: capabilitySets(containerCapabilities(hostConfig, host), user.uid),
    ...(limits.length > 0 && { rlimits: limits }),
    ...(confined.noNewPrivileges && { noNewPrivileges: true }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
    ...(confined.apparmorProfile && { apparmorProfile: confined.apparmorProfile }),
    ...(confined.selinux?.process && { selinuxLabel: confined.selinux.process }),
  }
}

/** An init of its own makes sense only where the container has a pid 1 of its own. */
function initFor({ record, namespaces }: SpecInput, host: HostFacts): string | null {
  if (!record.hostConfig.Init || namespaces.pid !== 'private') return null
  if (host.initProgram) return host.initProgram
  const message =
    'no init program found for --init: install catatonit or tini (Debian packages of these names)'
  throw new GantryError('Unavailable', message)
}

/** Unprivileged users may use low ports and ping, where the network is the container's own. */
function sysctls(
  { record, namespaces, domainname, userNamespace }: SpecInput,
  ownUts: boolean,
): Record<string, string> {
  const ownNetwork = namespaces.network !== 'host'
  return {
    ...(ownNetwork && {
      'net.ipv4.ip_unprivileged_port_start': '0',
      // Groups that the namespace does not know cannot be named in it.
      ...(!userNamespace && { 'net.ipv4.ping_group_range': '0 2147483647' }),
    }),
    ...(ownUts && domainname && { 'kernel.domainname': domainname }),
    ...record.hostConfig.Sysctls,
  }
}
