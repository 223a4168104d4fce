/** `--security-opt`: what confines the process beside its capabilities. */
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { parseBoolean, parseSecurityOption } from '../containers/security-options.ts'
import type { SelinuxLabels } from '../selinux/index.ts'
import { defaultProfile } from './apparmor-profile.ts'
import type { HostFacts } from './host.ts'
import { customSeccomp, defaultSeccomp, type OciSeccomp } from './seccomp.ts'

export interface Confinement {
  noNewPrivileges: boolean
  /** /sys/fs/cgroup is not mounted read-only. */
  writableCgroups: boolean
  /** Absent: not confined by AppArmor. */
  apparmorProfile?: string
  selinux?: SelinuxLabels
  seccomp?: OciSeccomp
}

/** What of a container's row says how it is confined; `selinux`: the labels that it was made with. */
export interface Labelled {
  hostConfig: HostConfig
  selinux?: SelinuxLabels
}

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/**
 * Reads HostConfig.SecurityOpt. Throws InvalidParameter for what is malformed, and for a profile or label that this
 * host cannot apply: it is applied or the container does not start.
 */
export function confinement(
  { hostConfig: config, selinux: kept }: Labelled,
  host: HostFacts,
  capabilities: string[],
): Confinement {
  const values = (key: string) => valuesOf(config, key)
  const privileged = config.Privileged ?? false
  const apparmorProfile = apparmor(config, host)
  const labels = kept && host.selinux ? kept : selinux(values('label'), host)
  const seccomp = seccompOf(values('seccomp').at(-1), privileged, host, capabilities)
  return {
    noNewPrivileges:
      parseBoolean(values('no-new-privileges').at(-1) ?? String(host.noNewPrivileges)) ?? false,
    writableCgroups: parseBoolean(values('writable-cgroups').at(-1) ?? String(privileged)) ?? false,
    ...(apparmorProfile && { apparmorProfile }),
    ...(labels && { selinux: labels }),
    ...(seccomp && { seccomp }),
  }
}

/** What `inspect` tells of a container: the profile of its processes and its labels, empty where there is none. */
export function labelsOf(
  { hostConfig: config, selinux: kept }: Labelled,
  host: HostFacts,
): { apparmorProfile: string; processLabel: string; mountLabel: string } {
  const labels = host.selinux ? (kept ?? selinux(valuesOf(config, 'label'), host)) : undefined
  return {
    apparmorProfile: host.apparmorProfiles ? profileName(config) : '',
    processLabel: labels?.process ?? '',
    mountLabel: labels?.mount ?? '',
  }
}

function valuesOf({ SecurityOpt }: HostConfig, key: string): string[] {
  return (SecurityOpt ?? [])
    .map(parseSecurityOption)
    .filter((option) => option.key === key)
    .map(({ value }) => value)
}

/** The AppArmor profile that is asked for, `docker-default` being another name of our own. */
function profileName(config: HostConfig): string {
  const wish = valuesOf(config, 'apparmor').at(-1)
  if (!wish) return config.Privileged ? 'unconfined' : defaultProfile
  return wish === 'docker-default' ? defaultProfile : wish
}

/** Whether the container is to run under the profile that the daemon loads. */
export function needsDefaultProfile(config: HostConfig): boolean {
  return profileName(config) === defaultProfile
}

function apparmor(config: HostConfig, { apparmorProfiles: loaded }: HostFacts): string | undefined {
  const named = valuesOf(config, 'apparmor').at(-1)
  const profile = profileName(config)
  if (!loaded) {
    if (!named || named === 'unconfined') return undefined
    throw invalid(`AppArmor profile ${named} cannot be applied: AppArmor is not enabled on this host`)
  }
  if (profile === 'unconfined' || loaded.includes(profile)) return profile
  throw invalid(`AppArmor profile ${profile} is not loaded on this host`)
}

/**
 * `label=user:…`, `role:`, `type:`, `level:`, `filetype:`; `disable` wants none. Files have the user and the level of the
 * processes, in a role and a type of their own.
 */
function selinux(wishes: string[], host: HostFacts): SelinuxLabels | undefined {
  if (wishes.length === 0 || wishes.includes('disable')) return undefined
  if (!host.selinux) throw invalid('SELinux labels cannot be applied: SELinux is not enabled on this host')
  const parts = {
    user: 'system_u',
    role: 'system_r',
    type: 'container_t',
    level: 's0',
    filetype: 'container_file_t',
  }
  for (const wish of wishes) {
    const [, part, value] = /^(user|role|type|level|filetype):(.+)$/.exec(wish) ?? []
    if (!part || !value) throw invalid(`bad label option ${JSON.stringify(wish)}`)
    parts[part as keyof typeof parts] = value
  }
  return {
    process: `${parts.user}:${parts.role}:${parts.type}:${parts.level}`,
    mount: `${parts.user}:object_r:${parts.filetype}:${parts.level}`,
  }
}

function seccompOf(
  wish: string | undefined,
  privileged: boolean,
  host: HostFacts,
  capabilities: string[],
): OciSeccomp | null {
  const profile = wish === undefined ? host.seccompProfile : profileOf(wish)
  if (profile.kind === 'unconfined' || (privileged && (wish === undefined || profile.kind === 'builtin')))
    return null
  if (!host.seccomp) {
    if (profile.kind === 'builtin') return null
    throw invalid('seccomp is not enabled in your kernel, cannot run a custom seccomp profile')
  }
  return profile.kind === 'custom'
    ? customSeccomp(profile.text, host, capabilities)
    : defaultSeccomp(host, capabilities)
}

function profileOf(wish: string): HostFacts['seccompProfile'] {
  return wish === 'builtin' || wish === 'unconfined' ? { kind: wish } : { kind: 'custom', text: wish }
}
