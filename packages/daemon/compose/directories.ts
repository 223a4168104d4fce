import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DaemonConfig } from '../config/config.ts'

/** Makes the daemon's roots. Other users may not look into them; the socket's group may pass through the run directory. */
export async function prepareDirectories({ dataRoot, execRoot }: DaemonConfig): Promise<void> {
  await mkdir(dataRoot, { recursive: true, mode: 0o710 })
  await mkdir(execRoot, { recursive: true, mode: 0o711 })
  await mkdir(join(dataRoot, 'containers'), { recursive: true, mode: 0o710 })
}
