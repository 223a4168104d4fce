/** The files of an image archive, which go straight into the content store: by digest, whatever the archive calls them. */
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { GantryError, isKind } from '@gantry/errors'
import { type Digest, decompress, isDigest, readTar } from '@gantry/oci'
import type { BlobInfo } from '@gantry/store'
import type { ArrivingFiles } from './arriving-files.ts'

/** More than any archive has; what is kept in memory of each is its name. */
const mostFiles = 100_000

/** What an archive holds. */
export class Spooled {
  readonly #files = new Map<string, BlobInfo>()
  readonly #links = new Map<string, string>()

  /** The file of this name, through the links that older archives have for repeated layers. */
  find(name: string): BlobInfo | undefined {
    let path = clean(name)
    for (let hops = 0; hops < 8; hops++) {
      const file = this.#files.get(path)
      if (file) return file
      const target = this.#links.get(path)
      if (target === undefined) return undefined
      path = target
    }
    return undefined
  }

  /** Like `find`; throws InvalidParameter. */
  get(name: string): BlobInfo {
    const file = this.find(name)
    if (!file)
      throw new GantryError('InvalidParameter', `invalid archive: file ${JSON.stringify(name)} is missing`)
    return file
  }

  addFile(name: string, blob: BlobInfo): void {
    this.#files.set(clean(name), blob)
    this.#links.delete(clean(name))
    this.#checkCount()
  }

  addLink(name: string, target: string): void {
    this.#links.set(clean(name), clean(target))
    this.#checkCount()
  }

  #checkCount(): void {
    if (this.#files.size + this.#links.size > mostFiles) {
      throw new GantryError('InvalidParameter', `invalid archive: more than ${mostFiles} files`)
    }
  }
}

/** Names are only ever keys of a map, so a path that leads out finds nothing. */
const clean = (name: string): string => posix.join('/', name)

/**
 * Reads a whole archive, compressed or not: its files go to `arriving`. Rejects in Docker's words when it is no tar.
 */
export async function spoolArchive(archive: Readable, arriving: ArrivingFiles): Promise<Spooled> {
  const spooled = new Spooled()
  const { stream } = await decompress(archive)
  try {
    for await (const entry of readTar(stream)) {
      const { type, name, linkName } = entry.header
      if (type === 'file')
        await arriving.add(entry, digestInName(name), (blob) => spooled.addFile(name, blob))
      else if (type === 'symlink') spooled.addLink(name, posix.join(posix.dirname(name), linkName))
      else if (type === 'link') spooled.addLink(name, linkName)
    }
    await arriving.settle()
  } catch (cause) {
    if (!isKind(cause, 'InvalidParameter')) throw cause
    const problem = `Error processing tar file(exit status 1): ${cause.message}`
    throw new GantryError('InvalidParameter', problem, { cause })
  } finally {
    stream.destroy()
  }
  return spooled
}

/** A layout names its blobs by their digest; then they must be what they are called. */
function digestInName(name: string): Digest | undefined {
  const hex = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
  const digest = `sha256:${hex}`
  return isDigest(digest) ? digest : undefined
}
