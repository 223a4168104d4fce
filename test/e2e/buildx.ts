/** Docker's plugin `buildx`, where this machine has it. */
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { repository } from './harness.ts'
import { unpackedTool } from './unpacked-tool.ts'

const places = [
  process.env.DOCKER_BUILDX ?? '',
  `${homedir()}/.docker/cli-plugins/docker-buildx`,
  '/usr/local/libexec/docker/cli-plugins/docker-buildx',
  '/usr/libexec/docker/cli-plugins/docker-buildx',
  // Unpacked by scripts/test-tools.
  `${repository}node_modules/.cache/buildx/docker-buildx`,
]

/** Its path, or null where it cannot be had. `DOCKER_BUILDX` names one that is elsewhere. */
export const buildx = (): Promise<string | null> => unpackedTool('docker-buildx', installed)

async function installed(): Promise<string | null> {
  for (const path of places.filter(Boolean)) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return null
}

/**
 * For all that runs it. It keeps what it knows of builders beside the configuration and leaves the Dockerfiles that it writes
 * behind: both in `directory`, which is the test's to remove.
 */
export const buildxEnvironment = (host: string, directory: string): Record<string, string> => ({
  DOCKER_HOST: host,
  DOCKER_CONFIG: join(directory, 'buildx-config'),
  TMPDIR: directory,
  // Later ones ask before they write anywhere but below the current directory.
  BUILDX_BAKE_ENTITLEMENTS_FS: '0',
})
