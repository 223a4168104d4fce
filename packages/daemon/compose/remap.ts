import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { canMapIds, type IdMapping, rootOf } from '@gantry/syscall'
import type { DaemonConfig } from '../config/config.ts'
import { resolveRemap } from '../config/userns-remap.ts'

export interface Remap {
  mapping: IdMapping
  /** The containers' root in the host. */
  root: { uid: number; gid: number }
}

/** What `--userns-remap` means on this host; null when it is off. Rejects with InvalidParameter. */
export async function remapOf(config: DaemonConfig): Promise<Remap | null> {
  const { usernsRemap } = config.isolation
  const mapping = usernsRemap === undefined ? null : await resolveRemap(usernsRemap)
  return mapping && { mapping, root: rootOf(mapping) }
}

/** The data root of a remapping daemon is a directory of its own below the configured one, as with Docker. */
export function dataRootOf({ dataRoot }: DaemonConfig, remap: Remap | null): string {
  return remap ? join(dataRoot, `${remap.root.uid}.${remap.root.gid}`) : dataRoot
}

/** Rejects with Unavailable where the kernel, or the file system below `directory`, cannot show files with other owners. */
export function requireIdMaps({ mapping }: Remap, directory: string): void {
  try {
    canMapIds(mapping, directory)
  } catch (cause) {
    const message = `--userns-remap needs id-mapped mounts, which Linux 5.19 or the file system of ${directory} does not offer here: ${messageOf(cause)}`
    throw new GantryError('Unavailable', message, { cause })
  }
}
