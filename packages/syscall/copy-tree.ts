/**
 * Copies a directory tree as the kernel knows it: content, owners, modes, times, extended attributes, hard links,
 * symbolic links, devices, pipes and sockets. Every object is reached from an open descriptor and no symbolic link is
 * followed, so neither tree can lead the copy out of itself, not even while somebody else changes it.
 * Synchronous: call it in a worker thread.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { copyMetadata, O_PATH } from './inode.ts'
import { openBeneath } from './open-in-root.ts'
import { makeLinkAt, makeNodeAt } from './path.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW } = constants

interface Copy {
  /** The top directory of the destination. */
  root: number
  /** Files with several names: `dev:ino` in the source → path of the first copy, below the destination's top. */
  links: Map<string, Buffer>
}

/**
 * Copies what is in the directory `source` into the directory `destination` (open descriptors, left open), and then the
 * directory's own owner, mode, times and attributes. Fails with EEXIST on a name that the destination already has.
 */
export function copyTree(source: number, destination: number): void {
  copyDirectory(source, destination, Buffer.alloc(0), { root: destination, links: new Map() })
}

function copyDirectory(source: number, destination: number, path: Buffer, copy: Copy): void {
  for (const name of readdirSync(descriptorPath(source), { encoding: 'buffer' })) {
    const entry = openSync(at(source, name), O_PATH | O_NOFOLLOW)
    try {
      copyEntry(entry, source, destination, name, joined(path, name), copy)
    } finally {
      closeSync(entry)
    }
  }
  copyMetadata(source, destination)
}

function copyEntry(
  entry: number,
  sourceParent: number,
  parent: number,
  name: Buffer,
  path: Buffer,
  copy: Copy,
): void {
  const info = fstatSync(entry, { bigint: true })
  const first = copy.links.get(inodeKey(info))
  if (info.isDirectory()) copySubdirectory(entry, parent, name, path, copy)
  else if (first) linkAgain(copy.root, first, parent, name)
  else {
    if (info.isFile()) copyFile(entry, at(parent, name))
    else if (info.isSymbolicLink())
      symlinkSync(readlinkSync(at(sourceParent, name), 'buffer'), at(parent, name))
    else makeNode(parent, name, info)
    withOpen(at(parent, name), O_PATH | O_NOFOLLOW, (made) => copyMetadata(entry, made))
    if (info.nlink > 1n) copy.links.set(inodeKey(info), path)
  }
}

function copySubdirectory(entry: number, parent: number, name: Buffer, path: Buffer, copy: Copy): void {
  mkdirSync(at(parent, name), 0o700)
  withOpen(descriptorPath(entry), O_RDONLY | O_DIRECTORY, (source) =>
    withOpen(at(parent, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, (made) =>
      copyDirectory(source, made, path, copy),
    ),
  )
}

function copyFile(entry: number, target: Buffer): void {
  withOpen(descriptorPath(entry), O_RDONLY, (from) =>
    withOpen(
      target,
      O_WRONLY | O_CREAT | O_EXCL,
      (to) => copyFileSync(descriptorPath(from), descriptorPath(to)),
      0o600,
    ),
  )
}

function linkAgain(root: number, first: Buffer, parent: number, name: Buffer): void {
  const slash = first.lastIndexOf(0x2f)
  const directory = openBeneath(root, slash < 0 ? '.' : first.subarray(0, slash), O_PATH | O_DIRECTORY)
  try {
    makeLinkAt(directory, first.subarray(slash + 1), parent, name)
  } finally {
    closeSync(directory)
  }
}

function makeNode(parent: number, name: Buffer, { mode, rdev }: BigIntStats): void {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)
  makeNodeAt(parent, name, Number(mode & 0o170000n), Number(major), Number(minor))
}

function withOpen(path: string | Buffer, flags: number, work: (fd: number) => void, mode?: number): void {
  const fd = openSync(path, flags, mode)
  try {
    work(fd)
  } finally {
    closeSync(fd)
  }
}

const inodeKey = (info: BigIntStats) => `${info.dev}:${info.ino}`
const descriptorPath = (fd: number) => `/proc/self/fd/${fd}`
const at = (directory: number, name: Buffer) =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name])
const joined = (path: Buffer, name: Buffer) =>
  path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name])
