/** Owner, attributes and mode of what an archive's entries make. */
import { chmodSync, chownSync, closeSync, fchmodSync, fchownSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import type { TarHeader } from '@gantry/oci'
import { type IdMapping, outsideId, SystemCallError, setXattrOf } from '@gantry/syscall'
import { isCarried } from './carried-xattrs.ts'
import { descriptorPath } from './descriptor-path.ts'
import type { TreeRoot } from './tree-root.ts'

/** Whose they are to be. */
export interface Ownership {
  /** Whom everything belongs to, whatever the archive says. */
  owner?: { uid: number; gid: number }
  /** The namespace whose users the archive tells of. */
  users?: IdMapping
}

/** The largest id; the next one, (uid_t)-1, means "leave as it is" to the kernel. */
const largestId = 0xfffffffe

/** Permission bits that open(2) leaves out. */
const umask = process.umask()

export class EntryMetadata {
  readonly #root: TreeRoot
  readonly #ownership: Ownership

  constructor(root: TreeRoot, ownership: Ownership) {
    this.#root = root
    this.#ownership = ownership
  }

  /** Owner, then attributes, then mode: changing the owner clears capabilities and setuid. */
  setAt(header: TarHeader, parent: number, name: Buffer): void {
    const fd = this.#root.open(parent, name)
    try {
      const { uid, gid } = this.#ownerOf(header)
      chownSync(descriptorPath(fd), uid, gid)
      setXattrs(fd, header.xattrs)
      if (header.type !== 'symlink') chmodSync(descriptorPath(fd), header.mode)
    } finally {
      closeSync(fd)
    }
  }

  /** Of an open file. A new one is root's and has the mode it was made with, unless its directory handed down others. */
  setOf(fd: number, header: TarHeader, isNew: boolean): void {
    const { uid, gid } = this.#ownerOf(header)
    if (!isNew || uid !== 0 || gid !== 0) fchownSync(fd, uid, gid)
    setXattrs(fd, header.xattrs)
    const asMade = isNew && header.xattrs.size === 0 && (header.mode & (umask | 0o7000)) === 0
    if (!asMade) fchmodSync(fd, header.mode)
  }

  #ownerOf(header: TarHeader): { uid: number; gid: number } {
    const { owner = header, users } = this.#ownership
    if (!users) return owner
    return { uid: mapped(header, owner.uid, users.uids), gid: mapped(header, owner.gid, users.gids) }
  }
}

/** Throws InvalidParameter for ids that there cannot be. */
export function checkOwner({ name, uid, gid }: TarHeader): void {
  for (const id of [uid, gid]) {
    if (id < 0 || id > largestId) throw new GantryError('InvalidParameter', `${name}: invalid owner ${id}`)
  }
}

function mapped({ name }: TarHeader, id: number, ranges: IdMapping['uids']): number {
  const outside = outsideId(id, ranges)
  if (outside === null) throw new GantryError('InvalidParameter', `${name}: invalid owner ${id}`)
  return outside
}

/** A file system without such attributes, or a symlink that cannot have them, is no reason to refuse an archive. */
function setXattrs(fd: number, xattrs: Map<string, Buffer>): void {
  for (const [key, value] of xattrs) {
    if (!isCarried(key)) continue
    try {
      setXattrOf(fd, key, value)
    } catch (error) {
      if (!(error instanceof SystemCallError) || !['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code))
        throw error
    }
  }
}
