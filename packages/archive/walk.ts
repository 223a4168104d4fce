/** Walks a directory tree by open descriptors: no symbolic link is followed, whoever changes the tree meanwhile. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readdirSync, statfsSync } from 'node:fs'
import { textOfName } from '@gantry/oci'
import { descriptorPath, pathOf } from './descriptor-path.ts'

const O_PATH = 0o10000000
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/** An object on the way. */
export interface Walked {
  /** An O_PATH descriptor of it, valid until the walk goes on. */
  fd: number
  info: BigIntStats
  /** Its path below the top, as `textOfName` decodes names; empty for the top itself. */
  path: string
}

interface Level {
  fd: number
  device: bigint
  path: string
  names: Buffer[]
}

/**
 * The object `top` (a descriptor that stays the caller's) and all below it, each directory before what is in it, in the
 * order of the bytes of their names. Kernel file systems (/proc, /sys, …) are shown as empty directories. What vanishes
 * meanwhile is left out. `enter` may refuse a directory; `left` hears when one is done.
 */
export function* walkTree(
  top: number,
  {
    enter = () => true,
    left,
  }: { enter?: (directory: Walked) => boolean; left?: (path: string) => void } = {},
): Generator<Walked> {
  const levels: Level[] = []
  const descend = (entry: Walked, parentDevice: bigint): void => {
    if (!entry.info.isDirectory() || !enter(entry)) return
    if (entry.info.dev !== parentDevice && isKernelFileSystem(entry.fd)) return
    const fd = openSync(descriptorPath(entry.fd), O_RDONLY | O_DIRECTORY)
    const level: Level = { fd, device: entry.info.dev, path: entry.path, names: [] }
    levels.push(level)
    level.names = readdirSync(descriptorPath(fd), { encoding: 'buffer' })
    // Taken from the end.
    level.names.sort((a, b) => Buffer.compare(b, a))
  }
  try {
    const first = { fd: top, info: fstatSync(top, { bigint: true }), path: '' }
    yield first
    descend(first, first.info.dev)
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const name = level.names.pop()
      if (name === undefined) {
        closeSync(level.fd)
        levels.pop()
        left?.(level.path)
        continue
      }
      const fd = openOrNull(pathOf(level.fd, name))
      if (fd === null) continue
      try {
        const info = fstatSync(fd, { bigint: true })
        const path = level.path === '' ? textOfName(name) : `${level.path}/${textOfName(name)}`
        const entry = { fd, info, path }
        yield entry
        descend(entry, level.device)
      } finally {
        closeSync(fd)
      }
    }
  } finally {
    for (const { fd } of levels) closeSync(fd)
  }
}

function openOrNull(path: Buffer): number | null {
  try {
    return openSync(path, O_PATH | O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** statfs(2) types of file systems that the kernel makes up: their files have no end, or effects when they are read. */
const kernelFileSystems = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x1cd1, // devpts
  0x19800202, // mqueue
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0xcafe4a11, // bpf
  0x6165676c, // pstore
  0x62656570, // configfs
  0xde5e81e4, // efivarfs
  0xf97cff8c, // selinux
  0x65735543, // fusectl
  0x42494e4d, // binfmt_misc
])

/** Whether an open object is on a file system such as /proc. */
export function isKernelFileSystem(fd: number): boolean {
  return kernelFileSystems.has(statfsSync(descriptorPath(fd)).type)
}
