import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeInitLayer } from '@gantry/engine'
import type { DaemonConfig } from '../config/config.ts'
import { dataRootOf, type Remap, requireIdMaps } from './remap.ts'

/**
 * Makes the daemon's roots, and what is below every container. Other users may not look into them; the socket's group may pass through the run directory,
 * and the root of remapped containers through what leads to its files. Rejects with Unavailable where remapping is asked
 * for and cannot be done.
 */
export async function prepareDirectories(config: DaemonConfig, remap: Remap | null): Promise<void> {
  const dataRoot = dataRootOf(config, remap)
  await mkdir(config.dataRoot, { recursive: true, mode: 0o710 })
  await mkdir(config.execRoot, { recursive: true, mode: 0o711 })
  await mkdir(join(dataRoot, 'containers'), { recursive: true, mode: 0o710 })
  await makeInitLayer(join(dataRoot, 'init'))
  if (!remap) return
  for (const directory of [config.dataRoot, dataRoot, join(dataRoot, 'containers')]) {
    await chmod(directory, 0o710)
    await chown(directory, 0, remap.root.gid)
  }
  requireIdMaps(remap, dataRoot)
}
