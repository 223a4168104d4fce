/** Whose the pipes of a process are, in a user namespace where the host's root is nobody. */
import { chown, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { OciSpec } from '../oci-spec.ts'

export type IdMappings = NonNullable<OciSpec['linux']['uidMappings']>

/**
 * Gives the pipes that a conmon holds to the user whose process is at their other end, who could not open /dev/stdout
 * otherwise. `uid` is the user's in the namespace. Does nothing without mappings; never rejects: not to be able to open
 * one's own output again is no reason not to run.
 */
export async function givePipes(
  conmon: number,
  uid: number,
  mappings: IdMappings | undefined,
): Promise<void> {
  const owner = mappings && hostId(uid, mappings)
  if (owner === undefined) return
  const directory = join('/proc', String(conmon), 'fd')
  const descriptors = await readdir(directory).catch(() => [])
  await Promise.all(
    descriptors.map(async (descriptor) => {
      const path = join(directory, descriptor)
      const target = await readlink(path).catch(() => '')
      if (target.startsWith('pipe:')) await chown(path, owner, -1).catch(() => {})
    }),
  )
}

function hostId(id: number, mappings: IdMappings): number | undefined {
  const range = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size)
  return range && range.hostID + id - range.containerID
}
