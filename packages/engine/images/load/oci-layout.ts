/** An OCI image layout: `index.json` points at manifests and indexes, named by annotations. */
import { GantryError, isKind } from '@gantry/errors'
import {
  bestMatch,
  type Descriptor,
  type Digest,
  type Index,
  isImageConfigType,
  isIndexType,
  isManifestType,
  largestManifest,
  type Manifest,
  type Platform,
  parseManifest,
  parseReference,
  type Reference,
  subjectOf,
  withDefaultTag,
} from '@gantry/oci'
import type { ContentStore } from '@gantry/store'
import { expectBlob, readDescribed, recordOf } from '../read-image.ts'
import type { ImageRecord } from '../records.ts'
import { type ReferrersRecord, referrersFile } from '../referrers/kept-referrers.ts'
import type { Hold } from '../retention.ts'
import type { Loadable, Loaded } from './loadable.ts'
import type { Spooled } from './spool.ts'

/**
 * The images of a layout, and what names one as its subject; of an index, those images whose content is in the archive.
 * Rejects with InvalidParameter.
 */
export async function readOciLayout(
  spooled: Spooled,
  content: ContentStore,
  hold: Hold,
  host: Platform,
): Promise<Loaded> {
  const top = await readIndexFile(spooled, 'index.json', content)
  const loadables = new Map<Digest, Loadable>()
  const referrers: ReferrersRecord[] = []
  for (const descriptor of top.manifests) {
    // What the archive refers to may be in the store already, and has to stay there.
    await hold.keep([descriptor.digest])
    const referrer = await readReferrer(descriptor, content, hold)
    if (referrer) {
      referrers.push(referrer)
      continue
    }
    const known = loadables.get(descriptor.digest)
    const loadable = known ?? (await readTop(descriptor, content, hold, host))
    loadable.names.push(...namesIn(descriptor))
    loadables.set(descriptor.digest, loadable)
  }
  const about = spooled.find(referrersFile) && (await readIndexFile(spooled, referrersFile, content))
  for (const descriptor of about ? about.manifests : []) {
    await hold.keep([descriptor.digest])
    const referrer = await readReferrer(descriptor, content, hold)
    if (referrer) referrers.push(referrer)
  }
  return { loadables: [...loadables.values()], referrers }
}

async function readIndexFile(spooled: Spooled, name: string, content: ContentStore): Promise<Index> {
  const body = parseManifest(await content.readAll(spooled.get(name).digest, largestManifest))
  if (body.kind === 'index') return body
  throw new GantryError('InvalidParameter', `invalid archive: ${name} is no image index`)
}

/** Null for what stands for itself: it has a name, or no subject that is here. */
async function readReferrer(
  descriptor: Descriptor,
  content: ContentStore,
  hold: Hold,
): Promise<ReferrersRecord | null> {
  const { digest, mediaType } = descriptor
  if (!isManifestType(mediaType) || namesIn(descriptor).length > 0) return null
  await expectBlob(content, descriptor)
  const bytes = await content.readAll(digest, largestManifest)
  const subject = subjectOf(bytes)
  if (subject === undefined || !(await content.has(subject))) return null
  const manifest = parseManifest(bytes, mediaType)
  if (manifest.kind !== 'manifest') return null
  const blobs = [...new Set(contentOf(manifest))]
  await hold.keep(blobs)
  for (const blob of [manifest.config, ...manifest.layers]) await expectBlob(content, blob)
  return { subject, referrers: [{ digest, blobs }] }
}

/** What a descriptor of `index.json` stands for. Rejects with InvalidParameter. */
export async function readTop(
  descriptor: Descriptor,
  content: ContentStore,
  hold: Hold,
  host: Platform,
): Promise<Loadable> {
  if (isIndexType(descriptor.mediaType)) return readIndex(descriptor, content, hold, host)
  const manifest = await readDescribed(content, descriptor)
  if (manifest.kind !== 'manifest' || !isImageConfigType(manifest.config.mediaType)) {
    throw new GantryError('InvalidParameter', `invalid archive: ${descriptor.digest} is no image`)
  }
  await hold.keep(contentOf(manifest))
  return { names: [], images: [await recordOf(content, descriptor.digest, manifest)], ownManifests: true }
}

/** An index stays whole: besides the images, what it says about them (attestations) is kept. */
async function readIndex(
  top: Descriptor,
  content: ContentStore,
  hold: Hold,
  host: Platform,
): Promise<Loadable> {
  const { digest } = top
  const index = await readDescribed(content, top)
  if (index.kind !== 'index')
    throw new GantryError('InvalidParameter', `invalid archive: ${digest} is no image index`)
  const images: ImageRecord[] = []
  const blobs: Digest[] = []
  for (const descriptor of index.manifests.filter((each) => isManifestType(each.mediaType))) {
    await hold.keep([descriptor.digest])
    if (!(await content.has(descriptor.digest))) continue
    const manifest = await readDescribed(content, descriptor)
    if (manifest.kind !== 'manifest') continue
    await hold.keep(contentOf(manifest))
    const image = isAttestation(descriptor, manifest)
      ? null
      : await imageOf(content, descriptor.digest, manifest)
    if (image) images.push(image)
    else blobs.push(descriptor.digest, ...contentOf(manifest))
  }
  const best = Math.max(bestMatch(host, images), 0)
  const [first, ...others] = [...images.splice(best, 1), ...images]
  if (!first)
    throw new GantryError('InvalidParameter', `invalid archive: ${digest} has no image that is there`)
  return {
    names: [],
    ownManifests: true,
    images: [first, ...others],
    index: { digest, images: [first, ...others].map(({ id }) => id), blobs },
  }
}

const contentOf = ({ config, layers }: Manifest): Digest[] => [config, ...layers].map(({ digest }) => digest)

function isAttestation({ platform, annotations }: Descriptor, { config }: Manifest): boolean {
  return (
    platform?.os === 'unknown' ||
    annotations?.['vnd.docker.reference.type'] !== undefined ||
    !isImageConfigType(config.mediaType)
  )
}

/** Null when part of the image is not there: an index may be saved for some of its platforms. */
async function imageOf(
  content: ContentStore,
  digest: Digest,
  manifest: Manifest,
): Promise<ImageRecord | null> {
  try {
    return await recordOf(content, digest, manifest)
  } catch (error) {
    if (isKind(error, 'NotFound')) return null
    throw error
  }
}

/**
 * Docker and containerd write the full name; others a full name, or only a tag, in the specification's annotation. Throws
 * InvalidParameter for a name with the digest of something else.
 */
function namesIn({ digest, annotations = {} }: Descriptor): Reference[] {
  const full = annotations['io.containerd.image.name']
  const plain = annotations['org.opencontainers.image.ref.name']
  const name = full ?? (plain && /[/:]/.test(plain) ? plain : undefined)
  if (name === undefined) return []
  const reference = parseReference(name)
  if (reference.digest && reference.digest !== digest)
    throw new GantryError('InvalidParameter', `invalid tag ${JSON.stringify(name)}`)
  return [withDefaultTag(reference)]
}
