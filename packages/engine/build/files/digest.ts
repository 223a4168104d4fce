/** A digest of what a selection names: types, modes, owners, link targets, attributes and content, but no times. */
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { describeObject, walkTree } from '@gantry/archive'
import type { FileSelection } from '@gantry/build'
import { readLinkOf } from '@gantry/syscall'
import { DigestMemo } from './digest-memo.ts'
import { Exclusion } from './exclusion.ts'
import type { Listing } from './listing.ts'
import { findSources } from './sources.ts'

const O_PATH = 0o10000000

/** Throws NotFound for a path that names nothing. `stopped` is asked now and then, and throws to end the work. */
export function digestTree(
  root: string,
  selection: FileSelection,
  stopped: () => void,
  { memo = new DigestMemo(undefined), listing }: { memo?: DigestMemo; listing?: Listing } = {},
): string {
  const { include, exclude = [], followLinks = false } = selection
  const exclusion = new Exclusion(exclude)
  const top = openSync(root, O_PATH | constants.O_DIRECTORY)
  const hash = createHash('sha256')
  try {
    for (const source of findSources(top, include, followLinks)) {
      hash.update(`source ${JSON.stringify(source.path)}\n`)
      for (const entry of walkTree(source.fd, { enter: ({ path }) => !exclusion.prunes(path) })) {
        stopped()
        // A directory in which something is kept is made for that.
        if (exclusion.has(entry.path) && (!entry.info.isDirectory() || exclusion.prunes(entry.path))) continue
        const state = stateOf(entry, stopped, memo)
        if (state === null) continue
        hash.update(state)
        listing?.add(within(source.path, entry.path), state)
      }
    }
  } finally {
    closeSync(top)
  }
  return `sha256:${hash.digest('hex')}`
}

type Entry = ReturnType<typeof walkTree> extends Generator<infer T> ? T : never

const within = (top: string, path: string): string =>
  top === '' || path === '' ? top + path : `${top}/${path}`

/** All that counts of an entry; null for one that is passed over. */
function stateOf({ fd, info, path }: Entry, stopped: () => void, memo: DigestMemo): string | null {
  const header = describeObject(fd, info, path)
  if (header === null) return null
  const { type, mode, uid, gid, size, deviceMajor, deviceMinor, xattrs } = header
  const target = type === 'symlink' ? readLinkOf(fd).toString('latin1') : ''
  const attributes = [...xattrs].map(([name, value]) => [name, value.toString('hex')])
  const state = JSON.stringify([
    path,
    type,
    mode,
    uid,
    gid,
    size,
    deviceMajor,
    deviceMinor,
    target,
    attributes,
  ])
  return type === 'file' && size > 0 ? state + memo.digest(info, () => contentDigest(fd, stopped)) : state
}

const piece = Buffer.allocUnsafe(1 << 20)

function contentDigest(fd: number, stopped: () => void): string {
  const hash = createHash('sha256')
  const file = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      stopped()
      hash.update(piece.subarray(0, read))
    }
  } finally {
    closeSync(file)
  }
  return hash.digest('base64url')
}
