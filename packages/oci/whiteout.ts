/** Names by which a layer says that something of a lower layer is gone (OCI image-spec layer.md#whiteouts). */

/** What the last part of an entry's path means. */
export type Whiteout =
  | { kind: 'none' }
  /** The sibling of this name is gone. */
  | { kind: 'remove'; name: string }
  /** Everything that lower layers have in this directory is gone. */
  | { kind: 'opaque' }
  /** Book-keeping of AUFS, without meaning here. */
  | { kind: 'ignore' }

const prefix = '.wh.'
const metaPrefix = '.wh..wh.'
const opaqueName = '.wh..wh..opq'

/** Reads the base name of an entry. A whiteout of nothing, of `.` or of `..` is `ignore`. */
export function whiteoutOf(baseName: string): Whiteout {
  if (!baseName.startsWith(prefix)) return { kind: 'none' }
  if (baseName === opaqueName) return { kind: 'opaque' }
  const name = baseName.slice(prefix.length)
  if (baseName.startsWith(metaPrefix) || name === '' || name === '.' || name === '..')
    return { kind: 'ignore' }
  return { kind: 'remove', name }
}
