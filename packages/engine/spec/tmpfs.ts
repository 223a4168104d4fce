/** `--tmpfs`. */
import { GantryError } from '@gantry/errors'

/** What Docker mounts a tmpfs with when nothing is said against it. */
const defaults = ['noexec', 'nosuid', 'nodev', 'rprivate']

/** Flags of mount(8); those of one line exclude each other. */
const flagGroups = [
  ['ro', 'rw'],
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['sync', 'async'],
  ['dirsync'],
  ['remount'],
  ['mand', 'nomand'],
  ['atime', 'noatime'],
  ['diratime', 'nodiratime'],
  ['relatime', 'norelatime'],
  ['strictatime', 'nostrictatime'],
  ['bind', 'rbind'],
  ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
  ['defaults'],
]

/** Options of tmpfs(5) that take a value. */
const keys = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'])

/** The user's options over the defaults; the last of those that exclude each other counts. Throws InvalidParameter. */
export function tmpfsOptions(wishes: readonly string[]): string[] {
  const merged = new Map<unknown, string>()
  for (const option of [...defaults, ...wishes]) {
    if (option === '') continue
    const group = groupOf(option)
    merged.delete(group)
    merged.set(group, option)
  }
  return [...merged.values()]
}

function groupOf(option: string): unknown {
  const flags = flagGroups.find((group) => group.includes(option))
  if (flags) return flags
  const [key = '', ...value] = option.split('=')
  if (!keys.has(key) || value.length === 0) {
    throw new GantryError(
      'InvalidParameter',
      `invalid tmpfs option [${[key, ...value].map((part) => JSON.stringify(part)).join(' ')}]`,
    )
  }
  return key
}
