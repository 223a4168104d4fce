/** Archives of the kinds that the API gives out. Each blocks, so each runs in a worker thread. */
import { closeSync, constants, openSync } from 'node:fs'
import { posix } from 'node:path'
import type { IdMapping } from '@gantry/syscall'
import type { ExportOptions, Upper } from './messages.ts'
import { Packer, type Sink } from './packer.ts'
import type { Resolved } from './resolve.ts'
import { type UpperEntry, walkUpper } from './upper.ts'
import { walkTree } from './walk.ts'

/**
 * An object under the last part of its path; for a directory all that is in it, but not what `leaveOut` names in the
 * root, when something is mounted there: /dev is the engine's and not the container's.
 */
export function packNamed(
  { fd, path }: Resolved,
  sink: Sink,
  { leaveOut, users }: { leaveOut: readonly string[]; users?: IdMapping },
): void {
  const base = posix.basename(path) || '/'
  // As Docker's cp, which says how much it has copied.
  const packer = new Packer(sink, { wholeSeconds: true, users })
  const isRoot = path === '/' || path === '/.'
  let device: bigint | undefined
  const walk = walkTree(fd, {
    enter: ({ info, path: inside }) => {
      device ??= info.dev
      return !(isRoot && info.dev !== device && leaveOut.includes(inside))
    },
  })
  for (const entry of walk) {
    const name = entry.path === '' ? (base === '/' ? '' : base) : `${base === '/' ? '' : base}/${entry.path}`
    packer.add(entry, name)
  }
  packer.finish()
}

/** All that is in a root directory, without the directory itself. */
export function packRoot(
  root: number,
  sink: Sink,
  { prefix = '', modified, open = false }: ExportOptions = {},
): void {
  const packer = new Packer(sink, { modified })
  if (prefix !== '') packer.addDirectory(prefix.replace(/\/$/, ''))
  for (const entry of walkTree(root)) if (entry.path !== '') packer.add(entry, `${prefix}${entry.path}`)
  if (!open) packer.finish()
}

/** What a container has changed, as a layer: with whiteouts for what it has removed (OCI image-spec, layer.md). */
export function packLayer({ upper, lower, mountPoints, latest }: Upper, sink: Sink): void {
  const top = openSync(upper, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    packUpper(walkUpper(top, lower, mountPoints), sink, latest)
  } finally {
    closeSync(top)
  }
}

/** Packs the changes of an upper directory; returns the bytes of the files among them. */
export function packUpper(changes: Iterable<UpperEntry>, sink: Sink, latest?: Upper['latest']): number {
  const packer = new Packer(sink, { latest })
  for (const entry of changes) {
    if (entry.kind === 'deleted') {
      const slash = entry.path.lastIndexOf('/') + 1
      packer.addMark(`${entry.path.slice(0, slash)}.wh.${entry.path.slice(slash)}`)
    } else packer.add(entry, entry.path)
    if (entry.opaque) packer.addMark(`${entry.path}/.wh..wh..opq`)
  }
  packer.finish()
  return packer.contentSize
}
