/** `--security-opt`: what confines the process beside its capabilities. */
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { HostFacts } from './host.ts'
import { customSeccomp, defaultSeccomp, type OciSeccomp } from './seccomp.ts'

export interface Confinement {
  noNewPrivileges: boolean
  /** Absent: not confined by AppArmor. */
  apparmorProfile?: string
  selinuxLabel?: string
  seccomp?: OciSeccomp
}

const defaultApparmorProfiles = ['gantry-default', 'docker-default']
const invalid = (message: string) => new GantryError('InvalidParameter', message)

/**
 * Reads HostConfig.SecurityOpt. Throws InvalidParameter for what is malformed, and for a profile or label that this
 * host cannot apply: it is applied or the container does not start.
 */
export function confinement(config: HostConfig, host: HostFacts, capabilities: string[]): Confinement {
  const options = (config.SecurityOpt ?? []).map(parseOption)
  const values = (key: string) => options.filter((option) => option.key === key).map(({ value }) => value)
  const privileged = config.Privileged ?? false
  const apparmorProfile = apparmor(values('apparmor').at(-1), privileged, host)
  const selinuxLabel = selinux(values('label'), host)
  const seccomp = seccompOf(values('seccomp').at(-1), privileged, host, capabilities)
  return {
    noNewPrivileges: values('no-new-privileges').some((value) => value === '' || value === 'true'),
    ...(apparmorProfile && { apparmorProfile }),
    ...(selinuxLabel && { selinuxLabel }),
    ...(seccomp && { seccomp }),
  }
}

/** `key=value`, in older clients `key:value`; no-new-privileges may stand alone. */
function parseOption(option: string): { key: string; value: string } {
  if (option === 'no-new-privileges') return { key: option, value: '' }
  const match = /^([^=:]+)[=:](.*)$/s.exec(option)
  if (!match) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`)
  const [, key = '', value = ''] = match
  if (key === 'no-new-privileges' && !/^(true|false)$/.test(value)) {
    throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`)
  }
  return { key, value }
}

function apparmor(wish: string | undefined, privileged: boolean, host: HostFacts): string | undefined {
  if (wish === 'unconfined') return host.apparmorProfiles ? wish : undefined
  if (wish) {
    if (!host.apparmorProfiles)
      throw invalid(`AppArmor profile ${wish} cannot be applied: AppArmor is not enabled on this host`)
    if (!host.apparmorProfiles.includes(wish))
      throw invalid(`AppArmor profile ${wish} is not loaded on this host`)
    return wish
  }
  if (privileged) return host.apparmorProfiles ? 'unconfined' : undefined
  return defaultApparmorProfiles.find((profile) => host.apparmorProfiles?.includes(profile))
}

/** `label=user:…`, `role:`, `type:`, `level:`; `disable` wants none. */
function selinux(wishes: string[], host: HostFacts): string | undefined {
  if (wishes.length === 0 || wishes.includes('disable')) return undefined
  if (!host.selinux) throw invalid('SELinux labels cannot be applied: SELinux is not enabled on this host')
  const parts = { user: 'system_u', role: 'system_r', type: 'container_t', level: 's0' }
  for (const wish of wishes) {
    const [, part, value] = /^(user|role|type|level):(.+)$/.exec(wish) ?? []
    if (!part || !value) throw invalid(`bad label option ${JSON.stringify(wish)}`)
    parts[part as keyof typeof parts] = value
  }
  return `${parts.user}:${parts.role}:${parts.type}:${parts.level}`
}

function seccompOf(
  wish: string | undefined,
  privileged: boolean,
  host: HostFacts,
  capabilities: string[],
): OciSeccomp | undefined {
  const custom = wish !== undefined && wish !== 'builtin' && wish !== 'unconfined'
  if (wish === 'unconfined' || (privileged && !custom)) return undefined
  if (!host.seccomp) {
    if (custom) throw invalid('seccomp is not enabled in your kernel, cannot run a custom seccomp profile')
    return undefined
  }
  return custom ? customSeccomp(wish, host, capabilities) : defaultSeccomp(host, capabilities)
}
