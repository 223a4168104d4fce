/** Giving files of the host a container's label (`-v …:z`, `:Z`). */
import { constants } from 'node:fs'
import { open, opendir, realpath } from 'node:fs/promises'
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import { SystemCallError, setXattr } from '@gantry/syscall'
import { formatContext, parseContext } from './contexts.ts'

const attribute = 'security.selinux'

/** Directories that the whole host works with: their files are never relabelled, as with Docker. */
const guarded = new Set(
  `/ /bin /boot /dev /etc /etc/passwd /etc/pki /etc/shadow /home /lib /lib64 /media /opt /proc /root /run /sbin /srv /sys /tmp
  /usr /var /var/lib /var/log`.split(/\s+/),
)

/** How many files are labelled before others get their turn. */
const atOnce = 256

/**
 * Sets the label of a file, or of a directory and everything in it; links are not followed. `shared`: any container may use it,
 * so it gets no categories. A file system without labels is left alone. Throws InvalidParameter for a directory of the host.
 */
export async function relabel(path: string, label: string, { shared }: { shared: boolean }): Promise<void> {
  const context = parseContext(label)
  if (!context) return
  const target = await realpath(path)
  if (isGuarded(posix.normalize(path)) || isGuarded(target))
    throw new GantryError('InvalidParameter', `SELinux relabeling of ${path} is not allowed`)
  const value = formatContext(shared && context.level ? { ...context, level: 's0' } : context)
  await labelAll(target, Buffer.from(`${value}\0`))
}

function isGuarded(path: string): boolean {
  const { HOME, SUDO_USER } = process.env
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path
  return guarded.has(clean) || clean === HOME || (SUDO_USER !== undefined && clean === `/home/${SUDO_USER}`)
}

/**
 * Each directory is read and its files are named by a descriptor of it, so that nothing that is exchanged on the way leads
 * elsewhere.
 */
async function labelAll(path: string, value: Buffer): Promise<void> {
  if (!setLabel(path, value)) return
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error) => {
    if (['ENOTDIR', 'ELOOP', 'ENOENT'].includes(error.code)) return null
    throw error
  })
  if (!directory) return
  try {
    const inside = `/proc/self/fd/${directory.fd}`
    let count = 0
    for await (const entry of await opendir(inside)) {
      const child = `${inside}/${entry.name}`
      if (entry.isDirectory()) await labelAll(child, value)
      else setLabel(child, value)
      if (++count % atOnce === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    await directory.close()
  }
}

/** False where there are no labels, or nothing any more. */
function setLabel(path: string, value: Buffer): boolean {
  try {
    setXattr(Buffer.from(path), attribute, value)
    return true
  } catch (error) {
    const { code } = error as SystemCallError
    if (error instanceof SystemCallError && ['ENOTSUP', 'EOPNOTSUPP', 'ENOENT'].includes(code)) return false
    throw error
  }
}
