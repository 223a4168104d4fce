/** A build cache that the engine gives out, into an image layout: whole, or as it was before. */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, lstat, mkdir, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { readTar, type TarEntry } from '@gantry/oci/tar'
import { lockFile } from '../files/lock-file.ts'
import { writeWhole } from '../files/whole-file.ts'
import { largestIndex, parseLayoutIndex, readLayoutIndex, withManifest } from './layout-index.ts'
import type { CacheDirectory } from './local-caches.ts'

/**
 * Takes in the archive of a layout with one manifest, under a tag; what else the directory has stays. Blobs are
 * verified, nothing is written but them, `index.json` and `oci-layout`. Rejects with Error.
 */
export async function receiveCache(
  archive: AsyncIterable<Uint8Array>,
  { path, tag }: Pick<CacheDirectory, 'path' | 'tag'>,
): Promise<void> {
  const blobs = await realDirectory(path, ['blobs', 'sha256'])
  const received = new Set<string>()
  let sent = ''
  for await (const entry of readTar(archive)) {
    const { name, type } = entry.header
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? []
    if (type === 'file' && hex !== undefined) {
      await receiveBlob(entry, blobs, hex)
      received.add(`sha256:${hex}`)
    }
    if (type === 'file' && name === 'index.json') sent = await textOf(entry)
  }
  const [manifest, ...others] = parseLayoutIndex(sent, 'index.json').manifests
  if (!manifest || others.length > 0 || !received.has(String(manifest.digest)))
    throw new Error('the engine gives out a build cache without its manifest')
  const place = join(path, 'index.json')
  // Others may write to it at the same time: each keeps what the other has added.
  await using _lock = await lockFile(`${place}.writing`)
  const known = (await readLayoutIndex(place)) ?? { schemaVersion: 2, manifests: [] }
  await writeText(join(path, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
  await writeText(place, withManifest(known, manifest, tag))
}

/** Makes what is missing. A link on the way would lead out. */
async function realDirectory(root: string, names: readonly string[]): Promise<string> {
  let path = root
  for (const name of names) {
    path = join(path, name)
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is not a directory`)
  }
  return path
}

/** A blob that is there stays as it is. */
async function receiveBlob(entry: TarEntry, directory: string, hex: string): Promise<void> {
  const place = join(directory, hex)
  const there = await lstat(place).catch(() => null)
  if (there?.isFile() && there.size === entry.header.size) return
  const temporary = join(directory, `.tmp-${randomUUID()}`)
  const file = await open(temporary, 'wx', 0o644)
  try {
    if ((await writePieces(entry, file)) !== hex)
      throw new Error(`blob sha256:${hex} of the build cache is not what its digest says`)
    await rename(temporary, place)
  } catch (error) {
    await unlink(temporary)
    throw error
  } finally {
    await file.close()
  }
}

/** Resolves to the SHA-256 of what was written, in hexadecimal. */
async function writePieces(entry: TarEntry, file: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  for await (const { data } of entry.pieces()) {
    hash.update(data)
    for (let at = 0; at < data.length; ) at += (await file.write(data, at)).bytesWritten
  }
  await file.datasync()
  return hash.digest('hex')
}

async function textOf(entry: TarEntry): Promise<string> {
  if (entry.header.size > largestIndex) throw new Error('the index of the build cache is too large')
  const pieces: Buffer[] = []
  for await (const { data } of entry.pieces()) pieces.push(Buffer.from(data))
  return Buffer.concat(pieces).toString()
}

const writeText = (path: string, value: object): Promise<void> =>
  writeWhole(path, async () => Readable.from([Buffer.from(JSON.stringify(value))]), 0o644)
