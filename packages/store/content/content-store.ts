/** Content by digest in an OCI image layout directory: `oci-layout`, `index.json`, `blobs/sha256/<hex>`. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { type Digest, digestOf } from '@gantry/oci'
import type { BlobDraft, BlobFeed, BlobInfo, BlobWriter, ContentStore, PartialBlob } from '../contracts.ts'
import { IntakePool } from '../intake/pool.ts'
import { BlobFiles, unlinkIfThere } from './blob-files.ts'
import { FileBlobWriter } from './blob-writer.ts'
import { keepingPartial, PartialBlobs } from './partial-blobs.ts'
import { Verifier } from './verifier.ts'

/** Bytes that `readAll` reads when its caller names no limit: more than any manifest or configuration has. */
const defaultLimit = 8 * 1024 * 1024

/** What has so few bytes, as nearly every manifest and configuration, is read in less time than a thread takes to be asked. */
const smallest = 64 * 1024

/** Of a stream's errors: they arrive at whoever reads it, who may not have begun, and must not arrive at the process. */
const leftToReader = (): void => {}

/**
 * Opens the store in a directory, making it when it is new. Uploads that a crash interrupted are removed.
 * The directory is readable by its owner alone.
 */
export async function openContentStore(
  directory: string,
  threads: IntakePool = new IntakePool(),
): Promise<ContentStore> {
  const uploads = join(directory, 'uploads')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await rm(uploads, { recursive: true, force: true })
  await mkdir(uploads, { mode: 0o700 })
  await writeOnce(join(directory, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
  // Names live in the database; the index is there because a layout has one.
  await writeOnce(join(directory, 'index.json'), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  })
  const files = await BlobFiles.open(directory, (path, digest) =>
    threads.intake({ path, more: false, expected: { digest } }).then(
      () => true,
      () => false,
    ),
  )
  const partials = await PartialBlobs.open(directory, files)
  return new FileContentStore(files, uploads, partials, threads)
}

async function writeOnce(path: string, content: object): Promise<void> {
  if (await readFile(path).catch(() => null)) return
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(content))
  await rename(draft, path)
}

class FileContentStore implements ContentStore {
  readonly #files: BlobFiles
  readonly #uploads: string
  readonly #partials: PartialBlobs
  readonly #threads: IntakePool

  constructor(files: BlobFiles, uploads: string, partials: PartialBlobs, threads: IntakePool) {
    this.#files = files
    this.#uploads = uploads
    this.#partials = partials
    this.#threads = threads
  }

  async info(digest: Digest): Promise<BlobInfo> {
    const size = this.#size(digest)
    if (size === undefined) throw missing(digest)
    return { digest, size }
  }

  async has(digest: Digest): Promise<boolean> {
    try {
      return this.#size(digest) !== undefined
    } catch {
      return false
    }
  }

  /** In place, as the database's reads: some microseconds. By way of a thread it takes thirty times as long. */
  #size(digest: Digest): number | undefined {
    return statSync(this.#files.path(digest), { throwIfNoEntry: false })?.size
  }

  async read(digest: Digest): Promise<Readable> {
    const source = createReadStream(this.#files.path(digest), { highWaterMark: 128 * 1024 })
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
    check.on('error', leftToReader)
    check.on('close', () => source.destroy())
    return source.pipe(check)
  }

  async readFrom(digest: Digest, offset: number): Promise<Readable> {
    const source = createReadStream(this.#files.path(digest), { start: offset, highWaterMark: 256 * 1024 })
    await found(digest, once(source, 'open'))
    return source.on('error', leftToReader)
  }

  async readAll(digest: Digest, limit: number = defaultLimit): Promise<Buffer> {
    const { size } = await this.info(digest)
    if (size > limit) {
      throw new GantryError('InvalidParameter', `content ${digest} is larger than ${limit} bytes`)
    }
    const bytes = await found(digest, this.#bytes(digest, size))
    const failure = new Verifier(digest).update(bytes).failure()
    if (failure) throw failure
    return bytes
  }

  async #bytes(digest: Digest, size: number): Promise<Buffer> {
    const path = this.#files.path(digest)
    return size <= smallest ? readFileSync(path) : await readFile(path)
  }

  async writer(): Promise<BlobWriter> {
    const path = join(this.#uploads, randomUUID())
    return new FileBlobWriter(await open(path, 'wx', 0o600), path, (file, info) =>
      this.#files.publish(file, info),
    )
  }

  async put(bytes: Uint8Array): Promise<BlobInfo> {
    const digest = digestOf(bytes)
    if (await this.has(digest)) return { digest, size: bytes.length }
    await using writer = await this.writer()
    await writer.write(bytes)
    return await writer.commit({ digest })
  }

  async draft(): Promise<BlobDraft> {
    const path = join(this.#uploads, randomUUID())
    return {
      path,
      publish: async (blob) => {
        await this.#files.publish(path, blob)
        return blob
      },
      [Symbol.asyncDispose]: () => unlinkIfThere(path),
    }
  }

  async locate(digest: Digest): Promise<string> {
    await this.info(digest)
    return this.#files.path(digest)
  }

  async partial(digest: Digest): Promise<PartialBlob> {
    return this.#partials.of(digest)
  }

  async receive(expected: BlobInfo, feed: BlobFeed): Promise<BlobInfo> {
    if (await this.has(expected.digest)) return expected
    const partial = this.#partials.of(expected.digest)
    await keepingPartial(partial, () =>
      this.#threads.intake({ path: partial.path, more: true, expected }, feed),
    )
    await partial.publish()
    return expected
  }

  delete(digest: Digest): Promise<void> {
    return this.#files.remove(digest)
  }

  release(digest: Digest): Promise<void> {
    return this.#partials.release(digest)
  }

  settle(needed: ReadonlySet<Digest>): Promise<void> {
    return this.#partials.settle(needed)
  }

  list(): Promise<Digest[]> {
    return this.#files.list()
  }
}

async function found<T>(digest: Digest, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw missing(digest, cause)
  }
}

const missing = (digest: Digest, cause?: unknown): GantryError =>
  new GantryError('NotFound', `content ${digest} not found`, { cause })
