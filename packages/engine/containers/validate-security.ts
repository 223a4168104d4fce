import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { normalCapability } from './host-config.ts'
import { parseBoolean, parseSecurityOption } from './security-options.ts'

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** capabilities(7), Linux 6.18. */
const capabilities = new Set(
  `AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER
  FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
  NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE
  SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`
    .split(/\s+/)
    .map((name) => `CAP_${name}`),
)

/** Capabilities and `--security-opt` that exist; `available` are those the host can give. Throws InvalidParameter. */
export function validateSecurity(host: HostConfig, available: readonly string[]): void {
  for (const field of ['CapAdd', 'CapDrop'] as const) {
    for (const name of (host[field] ?? []).map(normalCapability)) {
      const problem = capabilityProblem(name, available)
      if (problem) throw invalid(`invalid ${field}: ${problem}: "${name}"`)
    }
  }
  for (const option of host.SecurityOpt ?? []) validateSecurityOption(option)
}

function capabilityProblem(name: string, available: readonly string[]): string | null {
  if (name === 'ALL' || available.includes(name)) return null
  return capabilities.has(name)
    ? 'capability not supported by your kernel or not available in the current environment'
    : 'unknown capability'
}

/** Those whose value is true or false. */
const switches = ['no-new-privileges', 'writable-cgroups']

/** `no-new-privileges[:bool]`, `seccomp=…`, `apparmor=…`, `label=…`, `writable-cgroups=bool`. */
function validateSecurityOption(option: string): void {
  const { key, value } = parseSecurityOption(option)
  const known = ['seccomp', 'apparmor', 'label', ...switches].includes(key)
  if (!known || (switches.includes(key) && parseBoolean(value) === null)) {
    throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`)
  }
}
