import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { normalCapability } from './host-config.ts'

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

/** Capabilities and `--security-opt` that exist. Throws InvalidParameter. */
export function validateSecurity(host: HostConfig): void {
  for (const field of ['CapAdd', 'CapDrop'] as const) {
    for (const name of (host[field] ?? []).map(normalCapability)) {
      if (name !== 'ALL' && !capabilities.has(name)) {
        throw invalid(`invalid ${field}: unknown capability: "${name}"`)
      }
    }
  }
  for (const option of host.SecurityOpt ?? []) validateSecurityOption(option)
}

/** `no-new-privileges[:bool]`, `seccomp=…`, `apparmor=…`, `label=…`, `systempaths=unconfined`, `writable-cgroups=…`. */
function validateSecurityOption(option: string): void {
  if (option === 'no-new-privileges') return
  const match = /^([^=:]+)[=:](.*)$/s.exec(option)
  if (!match) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`)
  const known = ['no-new-privileges', 'seccomp', 'apparmor', 'label', 'systempaths', 'writable-cgroups']
  if (!known.includes(match[1] as string)) {
    throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`)
  }
}
