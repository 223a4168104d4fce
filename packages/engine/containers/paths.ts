import { join } from 'node:path'
import type { RootFilesystem } from '@gantry/runtime'
import type { ContainerDependencies } from './dependencies.ts'
import type { ContainerRecord } from './record.ts'

export interface ContainerFiles {
  hosts: string
  hostname: string
  resolvConf: string
}

/** Where the network files of a container lie, below the directory of all containers. They are mounted into it. */
export function containerFiles(containers: string, id: string): ContainerFiles {
  return {
    hosts: join(containers, id, 'hosts'),
    hostname: join(containers, id, 'hostname'),
    resolvConf: join(containers, id, 'resolv.conf'),
  }
}

/** Names of the volumes that were made with a container, for as long as its row is not written. */
export function newVolumesFile(containers: string, id: string): string {
  return join(containers, id, 'new-volumes.json')
}

/** Of the file that conmon writes; rotated ones have a number behind. */
export const logName = 'container.log'

/** Null for a container that keeps no log. */
export function logPath(containers: string, record: ContainerRecord): string | null {
  return record.hostConfig.LogConfig?.Type === 'none' ? null : join(containers, record.id, logName)
}

/** The overlay of a container. Rejects with NotFound when its image is not there any more. */
export async function rootFilesystem(
  { images, paths }: Pick<ContainerDependencies, 'images' | 'paths'>,
  record: ContainerRecord,
): Promise<RootFilesystem> {
  const directory = join(paths.containers, record.id)
  const lower = record.image ? await images.rootfs(record.image.id) : []
  return {
    lower: [...lower, paths.init],
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    readOnly: record.hostConfig.ReadonlyRootfs ?? false,
  }
}
