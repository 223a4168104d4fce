/**
 * The AppArmor profile of containers that name none, in the language of apparmor.d(5): everything that capabilities and
 * namespaces allow, but no mounts and no writing to the kernel's own files. It allows and denies what Docker's
 * `docker-default` does, and includes no other file, so that it means the same on every distribution.
 */

export const defaultProfile = 'gantry-default'

/** Numbered processes and `sys` apart, nothing in /proc may be written; of `sys`, only what limits shared memory. */
const deniedInProc = [
  '/proc/* w',
  '/proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w',
  '/proc/sys/[^k]** w',
  '/proc/sys/kernel/{?,??,[^s][^h][^m]**} w',
  '/proc/sysrq-trigger rwklx',
  '/proc/kcore rwklx',
]

/** Of /sys only /sys/fs/cgroup may be written. */
const deniedInSys = [
  '/sys/[^f]*/** wklx',
  '/sys/f[^s]*/** wklx',
  '/sys/fs/[^c]*/** wklx',
  '/sys/fs/c[^g]*/** wklx',
  '/sys/fs/cg[^r]*/** wklx',
  '/sys/firmware/** rwklx',
  '/sys/devices/virtual/powercap/** rwklx',
  '/sys/kernel/security/** rwklx',
]

/** The text of the profile. `daemonProfile` confines the daemon itself: `unconfined`, as a rule. */
export function defaultProfileText(daemonProfile: string): string {
  const signallers = new Set(['unconfined', 'runc', 'crun', daemonProfile])
  const rules = [
    ...['network', 'capability', 'file', 'umount', 'unix'],
    ...[...signallers].map((peer) => `signal (receive) peer=${quoted(peer)}`),
    `signal (send, receive) peer=${defaultProfile}`,
    `ptrace (trace, read, tracedby, readby) peer=${defaultProfile}`,
    // The host's own tools look at containers' processes.
    'ptrace (readby, tracedby) peer=unconfined',
    'deny mount',
    ...[...deniedInProc, ...deniedInSys].map((rule) => `deny ${rule}`),
  ]
  const lines = rules.map((rule) => `  ${rule},\n`).join('')
  return `profile ${defaultProfile} flags=(attach_disconnected,mediate_deleted) {\n${lines}}\n`
}

function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, '')}"`
}
