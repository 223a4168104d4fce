/**
 * Archives into a local directory. What comes out of a container is not to be trusted: below the directory no symbolic
 * link is followed, and nothing is written through one.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  fchmodSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { bytesOfName, readTar, type TarEntry, type TarHeader } from '@gantry/oci/tar'
import { localError } from './local-error.ts'

export interface UnpackOptions {
  directory: string
  /** Of each entry's name, the first part. */
  rename: (name: string) => string
  /** Give everything the owner that the archive says. */
  owners: boolean
  /** Directories take the place of whatever is no directory, as files do that of files. */
  replace?: boolean
}

/** Throws what local calls fail with, in Go's words. What was there stays, unless it is a file that is copied over. */
export async function unpackLocal(
  archive: AsyncIterable<Uint8Array>,
  { directory, rename, owners, replace = false }: UnpackOptions,
): Promise<void> {
  const target = new LocalTree(directory, replace)
  /** Filling directories changes their times, and some modes would forbid it. */
  const directories: { place: Buffer; header: TarHeader }[] = []
  for await (const entry of readTar(archive)) {
    const { header } = entry
    const parts = partsOf(rename(header.name))
    if (parts.length === 0) continue
    const place = target.place(parts)
    await attempt(place, async () => {
      target.makeRoom(place, header.type === 'directory')
      if (header.type === 'link') linkSync(target.place(partsOf(rename(header.linkName))), place)
      else await make(entry, place)
      if (header.type === 'link') return
      if (owners) chown(place, header)
      if (header.type === 'directory') directories.push({ place, header })
      else finish(place, header)
    })
  }
  for (const { place, header } of directories.reverse()) finish(place, header)
}

class LocalTree {
  readonly #directory: Buffer
  readonly #replace: boolean
  readonly #checked = new Set<string>()

  constructor(directory: string, replace: boolean) {
    this.#directory = Buffer.from(directory)
    this.#replace = replace
  }

  /** The path of an entry; the directories above it are made when they are missing. Throws for a link among them. */
  place(parts: readonly string[]): Buffer {
    for (let depth = 1; depth < parts.length; depth++) this.#checkDirectory(parts.slice(0, depth))
    return this.#path(parts)
  }

  #path(parts: readonly string[]): Buffer {
    return Buffer.concat([this.#directory, bytesOfName(`/${parts.join('/')}`)])
  }

  #checkDirectory(parts: readonly string[]): void {
    const key = parts.join('/')
    if (this.#checked.has(key)) return
    const place = this.#path(parts)
    const info = lstatSync(place, { throwIfNoEntry: false })
    if (info && !info.isDirectory()) throw new Error(`${JSON.stringify(key)} is not a directory`)
    if (!info) mkdirSync(place, 0o777)
    this.#checked.add(key)
  }

  /** Takes away what a new object replaces. A directory stays for a directory, and makes room for nothing else. */
  makeRoom(place: Buffer, forDirectory: boolean): void {
    const info: Stats | undefined = lstatSync(place, { throwIfNoEntry: false })
    if (!info || (forDirectory && info.isDirectory())) return
    const [at, into] = [place, this.#directory].map((path) => JSON.stringify(path.toString()))
    if (info.isDirectory()) throw new Error(`cannot overwrite directory ${at} with non-directory ${into}`)
    if (forDirectory && !this.#replace)
      throw new Error(`cannot overwrite non-directory ${at} with directory ${into}`)
    rmSync(place)
  }
}

async function make(entry: TarEntry, place: Buffer): Promise<void> {
  const { header } = entry
  switch (header.type) {
    case 'directory':
      if (!lstatSync(place, { throwIfNoEntry: false })) mkdirSync(place, 0o700)
      return
    case 'symlink':
      symlinkSync(bytesOfName(header.linkName), place)
      return
    case 'file':
      return await write(entry, place)
    case 'fifo':
      return makeNode(place, ['p'])
    case 'block':
    case 'character': {
      const kind = header.type === 'block' ? 'b' : 'c'
      return makeNode(place, [kind, String(header.deviceMajor), String(header.deviceMinor)])
    }
  }
}

async function write(entry: TarEntry, place: Buffer): Promise<void> {
  const fd = openSync(place, 'wx', 0o600)
  try {
    let end = 0
    for await (const { offset, data } of entry.pieces()) {
      for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at, offset + at)
      end = offset + data.length
    }
    if (end < entry.header.size) ftruncateSync(fd, entry.header.size)
    fchmodSync(fd, entry.header.mode & 0o777)
  } catch (error) {
    unlinkSync(place)
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Node.js cannot make these, and the command has no other way to the system call. */
function makeNode(place: Buffer, what: string[]): void {
  const { status, error, stderr } = spawnSync('mknod', ['--', place.toString(), ...what], {
    encoding: 'utf8',
  })
  if (error) throw error
  if (status !== 0) throw new Error(stderr.trim() || `mknod ${place.toString()} failed`)
}

function chown(place: Buffer, { uid, gid }: TarHeader): void {
  try {
    lchownSync(place, uid, gid)
  } catch (error) {
    // Only root may give files away.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}

function finish(place: Buffer, { type, mode, modified }: TarHeader): void {
  if (type !== 'symlink') chmodSync(place, mode)
  const time = modified.seconds + modified.nanoseconds / 1e9
  lutimesSync(place, time, time)
}

/** Throws for a path that leads out. */
function partsOf(name: string): string[] {
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined)
      throw new Error(`${JSON.stringify(name)} is outside of the destination`)
  }
  return parts
}

async function attempt(place: Buffer, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    throw code && syscall ? localError(syscall, place.toString(), error) : error
  }
}
