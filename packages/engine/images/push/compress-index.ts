/** An index that a build made here is compressed as a whole, before the first push: image by image, then what is said of them. */
import {
  type Descriptor,
  type Digest,
  hexOf,
  type Index,
  json,
  largestConfig,
  parseReference,
  serializeManifest,
} from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import type { ImageParts } from '../dependencies.ts'
import { isAttestation } from '../pull/choose.ts'
import { readManifest } from '../read-image.ts'
import type { ReferenceRecord } from '../records.ts'
import type { Hold } from '../retention.ts'
import { asNamed, variantsBeside, withVariants } from '../variants.ts'
import { type CompressedImage, Compressor, packedAs, takeOver } from './compress-image.ts'

/** Gives all names of the index one with compressed layers. One that a registry knows by its digest stays as it is. */
export async function compressIndex(
  parts: ImageParts,
  named: ReferenceRecord,
  hold: Hold,
  report: (message: ProgressMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, content } = parts
  const { index } = named
  if (!index?.madeHere || isKnownByDigest(parts, index.digest)) return
  await hold.use([index.digest, ...index.blobs])
  const body = await readManifest(content, index.digest)
  if (body.kind !== 'index') return
  const compressor = new Compressor(parts, hold, report, signal)
  const compressed = new Map<Digest, CompressedImage>()
  const images = index.images
    .map((id) => catalog.get(id))
    .filter((image) => image !== undefined)
    .map((image) => asNamed(image, named))
  for (const image of images) {
    const made = await compressor.image(image)
    if (made) compressed.set(image.manifest, made)
  }
  if (compressed.size === 0) return
  const { manifests, blobs } = await rewrite(parts, body, compressed, hold)
  const { digest } = await hold.put(serializeManifest({ ...body, manifests }))
  catalog.transaction(() => {
    const packed = images.flatMap((image) => {
      const made = compressed.get(image.manifest)
      if (made) takeOver(parts, image, made)
      return made ? variantsBeside(catalog.get(image.id), packedAs(image, made)) : []
    })
    for (const { variants = [], ...reference } of catalog.references()) {
      if (reference.index?.digest !== index.digest) continue
      const kept = variants.filter(({ manifest }) => !compressed.has(manifest))
      const rewritten = { ...reference, index: { ...reference.index, digest, blobs } }
      catalog.name({ ...rewritten, ...withVariants([...kept, ...packed]) })
    }
  })
}

function isKnownByDigest({ catalog }: ImageParts, digest: Digest): boolean {
  return catalog
    .references()
    .some(({ name, index }) => index?.digest === digest && parseReference(name).digest !== undefined)
}

/** The members of the index as they are now, and what of them is no image. */
async function rewrite(
  { content }: ImageParts,
  { manifests }: Index,
  compressed: ReadonlyMap<Digest, CompressedImage>,
  hold: Hold,
): Promise<{ manifests: Descriptor[]; blobs: Digest[] }> {
  const rewritten: Descriptor[] = []
  const blobs: Digest[] = []
  for (const each of manifests) {
    const made = compressed.get(each.digest)
    const subject = each.annotations?.[subjectAnnotation] as Digest | undefined
    const moved = subject && compressed.get(subject)
    if (made) rewritten.push({ ...each, digest: made.digest, size: made.size })
    else if (!isAttestation(each)) rewritten.push(each)
    else {
      const about = await attestation(content, each, moved && { from: subject, to: moved.digest }, hold)
      rewritten.push(about.descriptor)
      blobs.push(...about.blobs)
    }
  }
  return { manifests: rewritten, blobs }
}

const subjectAnnotation = 'vnd.docker.reference.digest'

/** An attestation with all that belongs to it; `move`d to what its image is called now. */
async function attestation(
  content: ImageParts['content'],
  descriptor: Descriptor,
  move: { from: Digest; to: Digest } | undefined,
  hold: Hold,
): Promise<{ descriptor: Descriptor; blobs: Digest[] }> {
  const manifest = await readManifest(content, descriptor.digest, descriptor.mediaType)
  if (manifest.kind !== 'manifest') return { descriptor, blobs: [descriptor.digest] }
  const kept = [descriptor.digest, manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)]
  if (!move) return { descriptor, blobs: kept }
  const layers: Descriptor[] = []
  for (const layer of manifest.layers) {
    const statement = json.parseJsonObject(
      await content.readAll(layer.digest, largestConfig),
      'statement',
      largestConfig,
    )
    layers.push({ ...layer, ...(await hold.put(Buffer.from(JSON.stringify(withSubject(statement, move))))) })
  }
  const file = json.parseJsonObject(
    await content.readAll(manifest.config.digest, largestConfig),
    'configuration',
    largestConfig,
  )
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
  const config = { ...manifest.config, ...(await hold.put(Buffer.from(JSON.stringify({ ...file, rootfs })))) }
  const stored = await hold.put(serializeManifest({ ...manifest, config, layers }))
  return {
    descriptor: {
      ...descriptor,
      ...stored,
      annotations: { ...descriptor.annotations, [subjectAnnotation]: move.to },
    },
    blobs: [stored.digest, config.digest, ...layers.map(({ digest }) => digest)],
  }
}

/** An in-toto statement, about the image by its new digest. */
function withSubject(statement: object, { from, to }: { from: Digest; to: Digest }): object {
  const text = (key: string, value: unknown) =>
    key === 'sha256' && value === hexOf(from) ? hexOf(to) : value
  const { subject } = statement as { subject?: unknown }
  return { ...statement, subject: JSON.parse(JSON.stringify(subject ?? []), text) }
}
