/** Files that archives are read from and written to. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '@gantry/errors'
import type { Output } from '../framework/command.ts'
import { copy } from '../streams/copy.ts'
import { localError, reasonOf } from './local-error.ts'

/** Bytes of a file that are read at once: an archive in the usual 64 KiB costs the command twice the time. */
const inputPiece = 1 << 20

/** Opens a file for reading. Throws with the words of Go's os.Open, or for a directory of its first read. */
export async function openInput(path: string): Promise<Readable> {
  const file = await open(path, constants.O_RDONLY).catch((error) => {
    throw localError('open', path, error)
  })
  if ((await file.stat()).isDirectory()) {
    await file.close()
    throw new Error(`read ${path}: is a directory`)
  }
  return file.createReadStream({ highWaterMark: inputPiece })
}

/**
 * Writes the data to a file that is there as a whole or not at all: under another name first, then renamed. Throws
 * before `data` is asked for when the path cannot be written. `mode` is subject to the umask.
 */
export async function writeWhole(
  path: string,
  data: () => Promise<AsyncIterable<Uint8Array>>,
  mode = 0o600,
): Promise<void> {
  await checkDestination(path)
  const temporary = join(dirname(path), `.tmp-${basename(path)}${randomBytes(4).toString('hex')}`)
  let file: FileHandle
  try {
    file = await open(temporary, 'wx', mode)
  } catch (error) {
    throw localError('open', temporary, error)
  }
  try {
    await pipeline(await data(), file.createWriteStream({ flush: true }))
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
}

async function checkDestination(path: string): Promise<void> {
  if (path === '') throw new Error('file name is empty')
  const folder = dirname(path)
  const info = await stat(folder).catch((error: unknown) => {
    throw new Error(`invalid output path: stat ${folder}: ${reasonOf(error)}`)
  })
  if (!info.isDirectory()) throw new Error(`invalid output path: stat ${folder}: not a directory`)
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`failed to stat output path: lstat ${path}: ${reasonOf(error)}`)
  })
  if (!there || there.isFile()) return
  if (there.isDirectory()) throw new Error('cannot write to a directory')
  if (there.isSymbolicLink()) throw new Error('cannot write to a symbolic link directly')
  if (there.isFIFO()) throw new Error('cannot write to a named pipe (FIFO)')
  if (there.isSocket()) throw new Error('cannot write to a socket')
  throw new Error(`cannot write to a ${there.isCharacterDevice() ? 'character' : 'block'} device file`)
}

/**
 * Writes an archive to the file `path`, or to stdout for '': never to a terminal. An error of the file itself, before
 * anything is asked of the engine, begins with `failure`.
 */
export async function writeArchive(
  stdout: Output,
  path: string,
  archive: () => Promise<AsyncIterable<Uint8Array>>,
  failure: string,
): Promise<void> {
  if (path === '') {
    if (stdout.isTTY) throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect')
    return await copy(await archive(), stdout)
  }
  let asked = false
  try {
    await writeWhole(path, () => {
      asked = true
      return archive()
    })
  } catch (error) {
    throw asked ? error : new Error(`${failure}: ${messageOf(error)}`, { cause: error })
  }
}
