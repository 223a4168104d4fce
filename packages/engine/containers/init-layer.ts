/** What every container has below its image, whatever the image lacks of it. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const directories = ['dev', 'dev/pts', 'dev/shm', 'etc', 'proc', 'sys']
/** Others are mounted over them; `.dockerenv` is each container's own. */
const files = ['dev/console', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf']
/** Programs of old look there for what is mounted. */
const mtab = 'etc/mtab'

/**
 * Makes the lowest layer of all containers in `directory`, or what is missing of it: Docker's mount points and
 * /etc/mtab. It is below the image, so what the image has of that stays, and nothing of it is a container's change.
 */
export async function makeInitLayer(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const path of directories) await mkdir(join(directory, path)).catch(unlessThere)
  for (const path of files) await writeFile(join(directory, path), '', { flag: 'wx' }).catch(unlessThere)
  // Whatever the umask is.
  for (const path of ['', ...directories, ...files]) await chmod(join(directory, path), 0o755)
  await symlink('/proc/mounts', join(directory, mtab)).catch(unlessThere)
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
