import { createHash } from 'node:crypto'

const defaultDataRoot = '/var/lib/gantry'

/**
 * What this daemon's things in the kernel are called (its nftables table, its cgroup), so that daemons with different
 * data roots do not meet: `gantry`, or `gantry-` and eight hex digits that depend on the data root.
 */
export function instanceName(dataRoot: string): string {
  if (dataRoot === defaultDataRoot) return 'gantry'
  return `gantry-${createHash('sha256').update(dataRoot).digest('hex').slice(0, 8)}`
}
