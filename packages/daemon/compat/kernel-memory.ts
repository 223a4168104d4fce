import { GantryError } from '@gantry/errors'
import type { ApiVersion } from '../http/version.ts'

const leastMemory = 6 * 2 ** 20

/** Until 1.41. */
export interface LegacyLimits {
  KernelMemory?: number
}

/**
 * What a request of an API version that could limit kernel memory, until 1.41, is told of that. No kernel of today keeps
 * such limits, so they are discarded; newer versions do not have the field, and ignore it. Throws InvalidParameter.
 */
export function kernelMemoryWarnings(
  version: ApiVersion,
  { KernelMemory: bytes = 0 }: LegacyLimits = {},
): string[] {
  if (version >= 42 || bytes <= 0) return []
  if (bytes < leastMemory)
    throw new GantryError('InvalidParameter', 'Minimum kernel memory limit allowed is 6MB')
  return [
    'Your kernel does not support kernel memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
  ]
}
