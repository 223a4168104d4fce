import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createBuilds, type createContainers } from '@gantry/engine'
import type { DaemonConfig } from '../config/config.ts'
import { productVersion } from '../version.ts'
import type { ContainerParts } from './container-parts.ts'
import type { Foundations } from './foundations.ts'
import type { Host } from './host.ts'

/** The image builder: its steps are made from what containers are. */
export async function openBuilds(
  config: DaemonConfig,
  { dataRoot }: Pick<Host, 'dataRoot'>,
  { database }: Pick<Foundations, 'database'>,
  parts: ContainerParts,
  { registry }: Pick<ReturnType<typeof createContainers>, 'registry'>,
): ReturnType<typeof createBuilds> {
  return await createBuilds({
    ...parts,
    containers: registry,
    parts: parts.images.parts,
    table: database.table('build_cache'),
    earlierRuns: database.table('earlier_runs'),
    compressedTable: database.table('compressed_layers'),
    version: productVersion,
    transaction: (work) => database.transaction(work),
    contextLimit: config.resources.buildContext,
    cacheRules: config.cacheRules(await sizeOfDisk(dataRoot)),
    directory: join(dataRoot, 'build'),
    runDirectory: join(config.execRoot, 'build'),
  })
}

/** Bytes of the file system that a directory is on. */
async function sizeOfDisk(directory: string): Promise<number> {
  const { blocks, bsize } = await statfs(directory)
  return blocks * bsize
}
