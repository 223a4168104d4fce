/** `--sysctl`. */

const allowed = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
])

/** Accepts `name=value` for the settings that belong to a container's own namespaces. */
export function checkSysctl(text: string): void {
  const [name = '', value] = text.split('=')
  const known = allowed.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.')
  if (value === undefined || !known) throw new RangeError(`sysctl '${text}' is not allowed`)
}
