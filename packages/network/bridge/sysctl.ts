import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Reads a kernel setting of the network namespace that the thread is in, by its path below `/proc/sys/net`
 * (`ipv4/ip_forward`). Undefined when there is no such setting, as with a kernel without IPv6.
 */
export function readSetting(path: string): string | undefined {
  const file = `/proc/sys/net/${path}`
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Sets a kernel setting; one that is not there is passed over. */
export function writeSetting(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${path}`, value, { flag: 'r+' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
