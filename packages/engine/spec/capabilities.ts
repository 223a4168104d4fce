/** Capabilities of a container: Docker's default list, what is added and dropped, and what the host has. */
import type { HostConfig } from '@gantry/api'
import type { OciProcess } from '@gantry/runtime'
import type { HostFacts } from './host.ts'

/** capabilities(7), by number. */
export const allCapabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...[
    'LINUX_IMMUTABLE',
    'NET_BIND_SERVICE',
    'NET_BROADCAST',
    'NET_ADMIN',
    'NET_RAW',
    'IPC_LOCK',
    'IPC_OWNER',
  ],
  ...[
    'SYS_MODULE',
    'SYS_RAWIO',
    'SYS_CHROOT',
    'SYS_PTRACE',
    'SYS_PACCT',
    'SYS_ADMIN',
    'SYS_BOOT',
    'SYS_NICE',
  ],
  ...[
    'SYS_RESOURCE',
    'SYS_TIME',
    'SYS_TTY_CONFIG',
    'MKNOD',
    'LEASE',
    'AUDIT_WRITE',
    'AUDIT_CONTROL',
    'SETFCAP',
  ],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`)

/** What a container has when nothing is said, in Docker's order. */
const defaultCapabilities = [
  ...[
    'CHOWN',
    'DAC_OVERRIDE',
    'FSETID',
    'FOWNER',
    'MKNOD',
    'NET_RAW',
    'SETGID',
    'SETUID',
    'SETFCAP',
    'SETPCAP',
  ],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`)

type CapabilityWishes = Pick<HostConfig, 'Privileged' | 'CapAdd' | 'CapDrop'>

/** The capabilities that a container is to have, as far as the host can give them. */
export function containerCapabilities(
  wishes: CapabilityWishes,
  host: Pick<HostFacts, 'capabilities'>,
): string[] {
  return wanted(wishes).filter((name) => host.capabilities.includes(name))
}

function wanted({ Privileged, CapAdd, CapDrop }: CapabilityWishes): string[] {
  if (Privileged) return allCapabilities
  const add = normalized(CapAdd)
  const drop = normalized(CapDrop)
  if (add.includes('ALL')) return allCapabilities.filter((name) => !drop.includes(name))
  const kept = drop.includes('ALL') ? [] : defaultCapabilities.filter((name) => !drop.includes(name))
  return [...new Set([...kept, ...add])]
}

function normalized(names: readonly string[] | null | undefined): string[] {
  return (names ?? []).map((name) => {
    const upper = name.toUpperCase()
    return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  })
}

/**
 * The sets of a process. Never inheritable or ambient ones (CVE-2022-24769), and for other users than root only the
 * bounding set, as execve(2) would leave it.
 */
export function capabilitySets(capabilities: string[], uid: number): NonNullable<OciProcess['capabilities']> {
  if (uid !== 0) return { bounding: capabilities }
  return { bounding: capabilities, effective: capabilities, permitted: capabilities }
}
