import type { Upper } from '@gantry/archive'
import type { ContainerDependencies } from '../dependencies.ts'
import { rootFilesystem } from '../paths.ts'
import type { ContainerRecord } from '../record.ts'

/**
 * What the engine mounts in every container, as paths without the slash before them. The OCI runtime makes what of it an
 * image lacks, and the mark that tells programs where they are is made with the container: neither is a change of the
 * container's.
 */
export const engineMountPoints: string[] = [
  '.dockerenv',
  'dev',
  'dev/console',
  'dev/mqueue',
  'dev/pts',
  'dev/shm',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'proc',
  'sys',
]

/** What a container has changed, and against what. */
export async function upperOf(
  deps: Pick<ContainerDependencies, 'images' | 'paths'>,
  record: ContainerRecord,
): Promise<Upper> {
  const { lower, upper } = await rootFilesystem(deps, record)
  return { upper, lower, mountPoints: engineMountPoints }
}
