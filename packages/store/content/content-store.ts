/** Content by digest in an OCI image layout directory: `oci-layout`, `index.json`, `blobs/sha256/<hex>`. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { type Digest, digestOf, hexOf, isDigest, parseDigest } from '@gantry/oci'
import type { BlobInfo, BlobWriter, ContentStore } from '../contracts.ts'
import { FileBlobWriter } from './blob-writer.ts'
import { Verifier } from './verifier.ts'

/** Bytes that `readAll` reads when its caller names no limit: more than any manifest or configuration has. */
const defaultLimit = 8 * 1024 * 1024

/**
 * Opens the store in a directory, making it when it is new. Uploads that a crash interrupted are removed.
 * The directory is readable by its owner alone.
 */
export async function openContentStore(directory: string): Promise<ContentStore> {
  const blobs = join(directory, 'blobs', 'sha256')
  const uploads = join(directory, 'uploads')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await rm(uploads, { recursive: true, force: true })
  await mkdir(blobs, { recursive: true, mode: 0o700 })
  await mkdir(uploads, { mode: 0o700 })
  await writeOnce(join(directory, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
  // Names live in the database; the index is there because a layout has one.
  await writeOnce(join(directory, 'index.json'), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  })
  return new FileContentStore(blobs, uploads)
}

async function writeOnce(path: string, content: object): Promise<void> {
  if (await readFile(path).catch(() => null)) return
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(content))
  await rename(draft, path)
}

class FileContentStore implements ContentStore {
  readonly #blobs: string
  readonly #uploads: string

  constructor(blobs: string, uploads: string) {
    this.#blobs = blobs
    this.#uploads = uploads
  }

  /** Where a blob is. Digests arrive typed, but also from records and requests: each is checked before it is a path. */
  #path(digest: Digest): string {
    return join(this.#blobs, hexOf(parseDigest(digest)))
  }

  async info(digest: Digest): Promise<BlobInfo> {
    const { size } = await found(digest, stat(this.#path(digest)))
    return { digest, size }
  }

  async has(digest: Digest): Promise<boolean> {
    return this.info(digest).then(
      () => true,
      () => false,
    )
  }

  async read(digest: Digest): Promise<Readable> {
    const source = createReadStream(this.#path(digest), { highWaterMark: 128 * 1024 })
    await found(digest, once(source, 'open'))
    const verifier = new Verifier(digest)
    const check = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        verifier.update(chunk)
        done(null, chunk)
      },
      flush: (done) => done(verifier.failure()),
    })
    source.on('error', (error) => check.destroy(error))
    check.on('close', () => source.destroy())
    return source.pipe(check)
  }

  async readAll(digest: Digest, limit: number = defaultLimit): Promise<Buffer> {
    const { size } = await this.info(digest)
    if (size > limit) {
      throw new GantryError('InvalidParameter', `content ${digest} is larger than ${limit} bytes`)
    }
    const bytes = await found(digest, readFile(this.#path(digest)))
    const failure = new Verifier(digest).update(bytes).failure()
    if (failure) throw failure
    return bytes
  }

  async writer(): Promise<BlobWriter> {
    const path = join(this.#uploads, randomUUID())
    return new FileBlobWriter(await open(path, 'wx', 0o600), path, this.#blobs)
  }

  async put(bytes: Uint8Array): Promise<BlobInfo> {
    const digest = digestOf(bytes)
    if (await this.has(digest)) return { digest, size: bytes.length }
    await using writer = await this.writer()
    await writer.write(bytes)
    return await writer.commit({ digest })
  }

  async delete(digest: Digest): Promise<void> {
    await unlink(this.#path(digest)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }

  async list(): Promise<Digest[]> {
    const names = await readdir(this.#blobs)
    return names.map((name) => `sha256:${name}`).filter((name) => isDigest(name))
  }
}

async function found<T>(digest: Digest, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new GantryError('NotFound', `content ${digest} not found`, { cause })
  }
}
