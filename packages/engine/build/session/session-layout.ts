/** An image layout in a content store of the client's session: what `docker buildx` makes of `--build-context NAME=oci-layout://…`. */
import { Readable } from 'node:stream'
import type { CallerSession } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import {
  bestMatch,
  type Descriptor,
  type Digest,
  isManifestType,
  largestManifest,
  type Manifest,
  type Platform,
  parseManifest,
  serializeManifest,
} from '@gantry/oci'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci/tar'

export interface StoredImage {
  store: string
  digest: Digest
}

/** The image as the archive of a layout, not verified; of an index, the images for these platforms. */
export function sessionLayout(
  session: Pick<CallerSession, 'readBlob'>,
  image: StoredImage,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Readable {
  const blob = (digest: Digest): AsyncIterable<Uint8Array> =>
    session.readBlob({ store: image.store, digest }, signal)
  return Readable.from(writeTar(layoutEntries(blob, image.digest, platforms)), { objectMode: false })
}

type OpenBlob = (digest: Digest) => AsyncIterable<Uint8Array>

async function* layoutEntries(
  blob: OpenBlob,
  digest: Digest,
  platforms: readonly Platform[],
): AsyncGenerator<TarInput> {
  for (const name of ['blobs/', 'blobs/sha256/']) yield { header: entryHeader({ name, type: 'directory' }) }
  const bytes = await small(blob, digest)
  const top = parseManifest(bytes)
  yield file(blobName(digest), bytes)
  const seen = new Set<Digest>([digest])
  if (top.kind === 'manifest') yield* imageEntries(blob, top, seen)
  else
    for (const { digest: child } of wantedOf(top.manifests, platforms)) {
      const manifest = await small(blob, child)
      yield file(blobName(child), manifest)
      const body = parseManifest(manifest)
      if (body.kind === 'manifest') yield* imageEntries(blob, body, seen)
    }
  const manifests = [{ mediaType: top.mediaType, digest, size: bytes.length }]
  yield file('index.json', serializeManifest({ kind: 'index', mediaType: indexType, manifests }))
  yield file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'))
}

const indexType = 'application/vnd.oci.image.index.v1+json'

async function* imageEntries(
  blob: OpenBlob,
  manifest: Manifest,
  seen: Set<Digest>,
): AsyncGenerator<TarInput> {
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    if (seen.has(digest)) continue
    seen.add(digest)
    yield { header: entryHeader({ name: blobName(digest), type: 'file', size }), content: blob(digest) }
  }
}

/** All images when none is for one of the platforms: what is wrong is told where the image is used. */
function wantedOf(manifests: readonly Descriptor[], platforms: readonly Platform[]): readonly Descriptor[] {
  const images = manifests.filter(({ mediaType }) => isManifestType(mediaType))
  const offers = images.map(({ platform }) => platform ?? { os: '', architecture: '' })
  const found = new Set(platforms.map((platform) => bestMatch(platform, offers)))
  const wanted = images.filter((_, index) => found.has(index))
  return wanted.length > 0 ? wanted : images
}

async function small(blob: OpenBlob, digest: Digest): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of blob(digest)) {
    size += piece.length
    if (size > largestManifest)
      throw new GantryError('InvalidParameter', `invalid image layout: ${digest} is larger than it may be`)
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}

const blobName = (digest: Digest): string => `blobs/${digest.replace(':', '/')}`

const file = (name: string, bytes: Buffer): TarInput => ({
  header: entryHeader({ name, type: 'file', size: bytes.length }),
  content: [bytes],
})
