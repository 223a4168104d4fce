/** Docker's seccomp profiles, with their conditions on processor, kernel and capabilities resolved for one container. */
import { GantryError, messageOf } from '@gantry/errors'
import type { HostFacts } from './host.ts'
import defaultProfile from './seccomp-default.json' with { type: 'json' }

/** Docker's profile format: the OCI one plus conditions. */
interface Profile {
  defaultAction: string
  defaultErrnoRet?: number
  architectures?: string[] | null
  archMap?: { architecture: string; subArchitectures: string[] | null }[] | null
  flags?: string[]
  listenerPath?: string
  listenerMetadata?: string
  syscalls?: SyscallRule[] | null
}

interface SyscallRule {
  names?: string[] | null
  /** Of the oldest profiles. */
  name?: string
  action: string
  errnoRet?: number
  args?: { index: number; value: number; valueTwo?: number; op: string }[] | null
  includes?: Condition
  excludes?: Condition
}

interface Condition {
  caps?: string[] | null
  arches?: string[] | null
  minKernel?: string
}

/** linux.seccomp of the OCI specification. */
export interface OciSeccomp {
  defaultAction: string
  defaultErrnoRet?: number
  architectures?: string[]
  flags?: string[]
  listenerPath?: string
  listenerMetadata?: string
  syscalls: Pick<SyscallRule, 'names' | 'action' | 'errnoRet' | 'args'>[]
}

type SeccompHost = Pick<HostFacts, 'architecture' | 'kernel'>

/** The default profile for a container with these capabilities. */
export function defaultSeccomp(host: SeccompHost, capabilities: readonly string[]): OciSeccomp {
  return resolve(defaultProfile, host, capabilities)
}

/** A profile that the user gave as text; null when it says nothing. Throws InvalidParameter when it is none. */
export function customSeccomp(
  text: string,
  host: SeccompHost,
  capabilities: readonly string[],
): OciSeccomp | null {
  let profile: Profile
  try {
    profile = JSON.parse(text) as Profile
  } catch (error) {
    throw new GantryError('InvalidParameter', `Decoding seccomp profile failed: ${messageOf(error)}`, {
      cause: error,
    })
  }
  checkProfile(profile)
  const empty = !profile.defaultAction && !profile.syscalls?.length
  return empty ? null : resolve(profile, host, capabilities)
}

/** Throws InvalidParameter. */
function checkProfile(profile: Profile): void {
  if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) {
    const kind = Array.isArray(profile) ? 'array' : typeof profile
    const problem = `json: cannot unmarshal ${kind} into Go value of type seccomp.Seccomp`
    throw new GantryError('InvalidParameter', `Decoding seccomp profile failed: ${problem}`)
  }
  if (profile.architectures?.length && profile.archMap?.length)
    throw specifiedBoth('architectures', 'archMap')
  if (profile.syscalls?.some(({ name, names }) => name && names?.length)) throw specifiedBoth('name', 'names')
}

function specifiedBoth(one: string, other: string): GantryError {
  const message = `'${one}' and '${other}' were specified in the seccomp profile, use either '${one}' or '${other}'`
  return new GantryError('InvalidParameter', message)
}

function resolve(profile: Profile, host: SeccompHost, capabilities: readonly string[]): OciSeccomp {
  const architectures = architecturesOf(profile, host.architecture)
  const { defaultAction, defaultErrnoRet, flags, listenerPath, listenerMetadata } = profile
  const applies = (rule: SyscallRule) =>
    meets(rule.includes, host, capabilities) && !excludedBy(rule.excludes, host, capabilities)
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(flags?.length && { flags }),
    ...(listenerPath && { listenerPath }),
    ...(listenerMetadata && { listenerMetadata }),
    syscalls: (profile.syscalls ?? []).filter(applies).map(plainRule),
  }
}

const seccompNames: Record<string, string> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  arm: 'SCMP_ARCH_ARM',
  s390x: 'SCMP_ARCH_S390X',
  riscv64: 'SCMP_ARCH_RISCV64',
  loong64: 'SCMP_ARCH_LOONGARCH64',
}

function architecturesOf(profile: Profile, architecture: string): string[] {
  const native = profile.archMap?.find((entry) => entry.architecture === seccompNames[architecture])
  if (native) return [native.architecture, ...(native.subArchitectures ?? [])]
  return profile.architectures ?? []
}

/** All that the condition names must be there. */
function meets(
  condition: Condition | undefined,
  host: SeccompHost,
  capabilities: readonly string[],
): boolean {
  const { arches, caps, minKernel } = condition ?? {}
  if (arches?.length && !arches.includes(host.architecture)) return false
  if (minKernel && !atLeast(host.kernel, minKernel)) return false
  return (caps ?? []).every((name) => capabilities.includes(name))
}

/** Any of what the condition names is enough. */
function excludedBy(
  condition: Condition | undefined,
  host: SeccompHost,
  capabilities: readonly string[],
): boolean {
  const { arches, caps, minKernel } = condition ?? {}
  if (arches?.includes(host.architecture)) return true
  if (minKernel && atLeast(host.kernel, minKernel)) return true
  return (caps ?? []).some((name) => capabilities.includes(name))
}

function atLeast([major, minor]: HostFacts['kernel'], wanted: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function plainRule({ names, name, action, errnoRet, args }: SyscallRule): OciSeccomp['syscalls'][number] {
  return {
    names: names?.length ? names : name ? [name] : [],
    action,
    ...(errnoRet !== undefined && { errnoRet }),
    ...(args?.length && { args }),
  }
}
