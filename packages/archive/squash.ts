/** Several layers as one. For a worker: it blocks. */
import { closeSync, constants, fstatSync } from 'node:fs'
import { bytesOfName } from '@gantry/oci'
import { openInRoot } from '@gantry/syscall'
import { compareLayers } from './compare.ts'
import type { LayerDirectory, TreeDifference } from './messages.ts'
import { Packer, type Sink } from './packer.ts'

const O_PATH = 0o10000000

/**
 * The layer that leads from one chain of layers to another, each base first. `merged` is an open directory that shows
 * the latter's files.
 */
export function packSquashed(
  merged: number,
  { from, to }: { from: readonly LayerDirectory[]; to: readonly LayerDirectory[] },
  sink: Sink,
): void {
  const packer = new Packer(sink)
  /** Nothing needs to be said of what lies below. */
  let gone = '\0'
  for (const { path, kind } of compareLayers(from, to)) {
    if (path.startsWith(gone)) continue
    const name = path.slice(1)
    if (kind === 'removed') {
      gone = `${path}/`
      packer.addMark(markOf(name))
    } else if (add(packer, merged, name, kind)) gone = '\0'
    else gone = `${path}/`
  }
  packer.finish()
}

const markOf = (name: string): string => {
  const slash = name.lastIndexOf('/') + 1
  return `${name.slice(0, slash)}.wh.${name.slice(slash)}`
}

/** Returns whether what was below in the first chain has to be told of: not where a file replaces a directory. */
function add(packer: Packer, merged: number, name: string, kind: TreeDifference['kind']): boolean {
  const fd = openInRoot(merged, bytesOfName(name), O_PATH | constants.O_NOFOLLOW)
  try {
    const info = fstatSync(fd, { bigint: true })
    packer.add({ fd, info }, name)
    return kind === 'added' || info.isDirectory()
  } finally {
    closeSync(fd)
  }
}
