import { mkdir, open } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import { bind } from '@gantry/syscall'

const flock = bind('int flock(int fd, int operation)')

const LOCK_EX = 2
const LOCK_NB = 4

/**
 * Makes sure that one daemon at a time uses a data root, whatever pid files say: a lock that the kernel takes away
 * when its holder ends in any way. Makes the directory (not readable for others) when it is not there.
 * Throws Conflict while another daemon holds it.
 */
export async function lockDataRoot(dataRoot: string): Promise<AsyncDisposable> {
  await mkdir(dataRoot, { recursive: true, mode: 0o710 })
  const file = await open(`${dataRoot}/daemon.lock`, 'a', 0o600)
  if (flock(file.fd, LOCK_EX | LOCK_NB) !== 0) {
    await file.close()
    throw new GantryError(
      'Conflict',
      `the data root ${dataRoot} is in use by another Gantry daemon that is running`,
    )
  }
  return { [Symbol.asyncDispose]: () => file.close() }
}
