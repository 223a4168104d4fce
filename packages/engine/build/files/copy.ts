/** COPY and ADD: from one root into another. Blocks: for a worker thread. */
import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs'
import { posix } from 'node:path'
import { describeObject, TreeRoot, Unpacker, type Walked, walkTree } from '@gantry/archive'
import type { CopyRequest } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import {
  decompress,
  FirstNames,
  type Piece,
  readTar,
  type TarEntry,
  type TarHeader,
  textOfName,
} from '@gantry/oci'
import { readLinkOf } from '@gantry/syscall'
import { beginsAsArchive } from './archive-file.ts'
import { destinationIn } from './destination.ts'
import { Exclusion } from './exclusion.ts'
import { findIn } from './in-root.ts'
import { finishMade } from './made-directories.ts'
import { type ModeChange, parseMode } from './mode.ts'
import { cleanPath, findSources, type Source } from './sources.ts'

const O_PATH = 0o10000000
const { O_RDONLY, O_DIRECTORY } = constants

export type CopyJob = Omit<CopyRequest, 'signal'>

/** Throws NotFound, InvalidParameter `cannot copy to non-directory: /x`, or SystemCallError. */
export async function copyTree(job: CopyJob, stopped: () => void): Promise<void> {
  const from = openSync(job.from, O_PATH | O_DIRECTORY)
  try {
    const copier = new Copier(job, stopped)
    for (const source of findSources(from, job.sources, job.followLinks)) await copier.add(source)
  } finally {
    closeSync(from)
  }
}

class Copier {
  readonly #job: CopyJob
  readonly #stopped: () => void
  readonly #mode: ModeChange
  readonly #exclusion: Exclusion

  constructor(job: CopyJob, stopped: () => void) {
    this.#job = job
    this.#stopped = stopped
    this.#mode = job.chmod === undefined ? (mode) => mode : parseMode(job.chmod)
    this.#exclusion = new Exclusion(job.exclude)
  }

  async add(source: Source): Promise<void> {
    if (this.#exclusion.has(source.path)) return
    if (source.info.isDirectory()) return this.#directory(source)
    if (this.#job.unpack && source.info.isFile() && (await this.#unpack(source))) return
    await this.#file(source)
  }

  /** What is in a directory goes into the destination; a new destination becomes like the directory itself. */
  async #directory(source: Source): Promise<void> {
    const into = destinationIn(this.#job.to, posix.join(this.#job.dest, this.#kept(source)))
    this.#refuseFile(into)
    const isNew = this.#find(into) === null
    const name = isNew ? posix.basename(into) : ''
    const model = this.#model(source)
    const firstNames = new FirstNames()
    await this.#fill(isNew ? posix.dirname(into) : into, model, async (unpacker) => {
      const walk = walkTree(source.fd, { enter: ({ path }) => !this.#exclusion.prunes(path) })
      // Directories that stay behind unless something in them does not.
      let above: { path: string; header: TarHeader }[] = []
      for (const entry of walk) {
        this.#stopped()
        const { path } = entry
        if (path === '' && !isNew) continue
        const placed = posix.join(name, path)
        if (this.#exclusion.has(path)) {
          const header = this.#exclusion.prunes(path) ? null : this.#describe(entry, placed)
          if (header?.type === 'directory') above.push({ path, header })
          continue
        }
        for (const each of above)
          if (path.startsWith(`${each.path}/`)) await unpacker.add(fileEntry(each.header, entry.fd))
        above = []
        await this.#place(unpacker, entry, placed, firstNames)
      }
    })
  }

  async #file(source: Source): Promise<void> {
    const { dest, parents } = this.#job
    const kept = this.#kept(source)
    const intoDirectory = parents || dest.endsWith('/') || this.#find(dest)?.isDirectory
    const target = parents
      ? posix.join(dest, kept)
      : intoDirectory
        ? posix.join(dest, posix.basename(source.path))
        : dest
    this.#refuseFile(posix.dirname(target))
    const { fd, info } = source
    await this.#fill(posix.dirname(target), this.#model(source), (unpacker) =>
      this.#place(unpacker, { fd, info, path: '' }, posix.basename(target)),
    )
  }

  /** With `--parents`, the part of the path that is kept: what follows `./` when the source has one. */
  #kept({ path, written }: Pick<Source, 'path' | 'written'>): string {
    if (!this.#job.parents) return ''
    const pivot = cleanPath(written.slice(0, Math.max(written.indexOf('/./'), 0)))
    return pivot === '' ? path : path.split('/').slice(pivot.split('/').length).join('/')
  }

  /** What a directory that is made on the way to a copy is to be like: with `--parents`, the one in the source. */
  #model({ path, written }: Pick<Source, 'path' | 'written'>): (made: string) => number | null {
    const kept = this.#kept({ path, written })
    const top = path.slice(0, path.length - kept.length)
    const dest = cleanPath(this.#job.dest)
    return (made) => {
      const inside = posix.relative(dest, made)
      if (kept === '' || inside === '' || inside.startsWith('..')) return null
      const found = findIn(this.#job.from, `${top}${inside}`)
      return found && this.#mode(found.mode, true)
    }
  }

  /** Returns whether the file was an archive. */
  async #unpack({ fd }: Source): Promise<boolean> {
    if (!(await beginsAsArchive(createReadStream('', { fd: reopen(fd) })))) return false
    await this.#fill(
      this.#job.dest,
      () => null,
      async (unpacker) => {
        const { stream } = await decompress(createReadStream('', { fd: reopen(fd) }))
        try {
          for await (const entry of readTar(stream)) {
            this.#stopped()
            await unpacker.add(entry)
          }
        } finally {
          stream.destroy()
        }
      },
    )
    return true
  }

  /** Works below a directory of the target, made with its parents when it is missing. */
  async #fill(
    directory: string,
    model: (made: string) => number | null,
    work: (unpacker: Unpacker) => Promise<void>,
  ): Promise<void> {
    const tree = TreeRoot.open(this.#job.to)
    try {
      const into = destinationIn(this.#job.to, directory)
      tree.directory(into === '' ? [] : into.split('/'))
      const { owner } = this.#job
      finishMade(tree, owner, model)
      const unpacker = new Unpacker(tree, { into, plain: true, keepKinds: true, ...(owner && { owner }) })
      await work(unpacker)
      unpacker.finish()
    } finally {
      tree.close()
    }
  }

  /** Names of one file stay names of one file, where `firstNames` is given. */
  async #place(
    unpacker: Unpacker,
    { fd, info }: Walked,
    name: string,
    firstNames?: FirstNames,
  ): Promise<void> {
    const header = this.#describe({ fd, info }, name)
    if (header === null) return
    const first = firstNames?.of(info, name)
    if (first !== undefined) {
      await unpacker.add(fileEntry({ ...header, type: 'link', linkName: first, size: 0 }, fd))
      return
    }
    await unpacker.add(fileEntry(header, fd))
  }

  /** What it is to be called, and to be like; null for what is passed over. */
  #describe({ fd, info }: Pick<Walked, 'fd' | 'info'>, name: string): TarHeader | null {
    const header = describeObject(fd, info, name)
    if (header?.type === 'symlink') header.linkName = textOfName(readLinkOf(fd))
    else if (header) header.mode = this.#mode(header.mode, header.type === 'directory')
    return header
  }

  #find(path: string): { isDirectory: boolean } | null {
    return findIn(this.#job.to, path)
  }

  #refuseFile(directory: string): void {
    if (this.#find(directory)?.isDirectory === false)
      throw new GantryError('InvalidParameter', `cannot copy to non-directory: ${posix.join('/', directory)}`)
  }
}

/** The descriptor opened once more, for reading. */
const reopen = (fd: number): number => openSync(`/proc/self/fd/${fd}`, O_RDONLY)

/** An entry whose content is that of an open file. */
function fileEntry(header: TarHeader, fd: number): TarEntry {
  return {
    header,
    whole: () => null,
    async *pieces(): AsyncGenerator<Piece> {
      const file = reopen(fd)
      try {
        for (let offset = 0; ; ) {
          const data = Buffer.allocUnsafe(Math.min(1 << 20, header.size - offset))
          const read = data.length === 0 ? 0 : readSync(file, data, 0, data.length, offset)
          if (read === 0) return
          yield { offset, data: data.subarray(0, read) }
          offset += read
        }
      } finally {
        closeSync(file)
      }
    },
  }
}
