/** What an image holds for each platform, as lists and inspect show it. */
import type { ImageManifestSummary } from '@gantry/api'
import { type Descriptor, type Digest, isManifestType, type Manifest, type Platform } from '@gantry/oci'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { bytesOf } from './layer-sizes.ts'
import { isAttestation } from './pull/choose.ts'
import { descriptorOf, readManifest } from './read-image.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'

type Parts = Pick<ImageParts, 'content' | 'layers' | 'catalog' | 'usersOfImage'>

/** What a name stands for, as those see it who ask for its manifests. */
export interface TargetSummary {
  /** Of the index or the manifest. */
  descriptor: Descriptor
  manifests: ImageManifestSummary[]
  /** Bytes of all that is here of it, each layer and blob once. */
  size: number
}

/** One summary for each manifest of the index under a name, or for the image's own. */
export async function targetSummary(
  parts: Parts,
  image: ImageRecord,
  index: ReferenceRecord['index'],
): Promise<TargetSummary> {
  const descriptor = await descriptorOf(parts.content, index?.digest ?? image.manifest)
  const members = index ? await membersOf(parts, index) : [{ descriptor, image }]
  const described = await Promise.all(members.map((member) => describe(parts, member)))
  const blobs = new Map(described.flatMap((each) => each.blobs))
  const chains = new Set(described.flatMap(({ image: each }) => (each ? chainOf(each) : [])))
  const content = [...blobs.values()].reduce((sum, size) => sum + size, index ? descriptor.size : 0)
  return {
    descriptor,
    manifests: await Promise.all(described.map((each) => summarize(parts, each))),
    size: content + (await bytesOf(parts.layers, chains)),
  }
}

interface Member {
  descriptor: Descriptor
  image?: ImageRecord | undefined
}

async function membersOf(
  { content, catalog }: Parts,
  { digest, images }: NonNullable<ReferenceRecord['index']>,
): Promise<Member[]> {
  const body = await readManifest(content, digest)
  const manifests =
    body.kind === 'index' ? body.manifests.filter((each) => isManifestType(each.mediaType)) : []
  return Promise.all(
    manifests.map(async (descriptor) => {
      const manifest = await manifestHere(content, descriptor.digest)
      const id = manifest && images.find((each) => each === manifest.config.digest)
      return { descriptor, image: id && catalog.get(id) }
    }),
  )
}

interface Described extends Member {
  /** What is here of the manifest and what it refers to, with sizes. */
  blobs: [Digest, number][]
  /** All of it. */
  isWhole: boolean
}

async function describe({ content }: Parts, member: Member): Promise<Described> {
  const { digest } = member.descriptor
  const manifest = await manifestHere(content, digest)
  if (!manifest) return { ...member, blobs: [], isWhole: false }
  const parts = [manifest.config, ...manifest.layers]
  const blobs: [Digest, number][] = [[digest, (await content.info(digest)).size]]
  for (const each of parts) if (await content.has(each.digest)) blobs.push([each.digest, each.size])
  return { ...member, blobs, isWhole: blobs.length === parts.length + 1 }
}

async function manifestHere(content: Parts['content'], digest: Digest): Promise<Manifest | undefined> {
  if (!(await content.has(digest))) return undefined
  const body = await readManifest(content, digest)
  return body.kind === 'manifest' ? body : undefined
}

async function summarize(
  parts: Parts,
  { descriptor, image, blobs, isWhole }: Described,
): Promise<ImageManifestSummary> {
  const content = [...new Map(blobs).values()].reduce((sum, size) => sum + size, 0)
  const unpacked = image ? await bytesOf(parts.layers, chainOf(image)) : 0
  const common = {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: isWhole,
    Size: { Content: content, Total: content + unpacked },
  }
  if (isAttestation(descriptor)) {
    const subject = descriptor.annotations?.['vnd.docker.reference.digest'] ?? ''
    return { ...common, Kind: 'attestation', AttestationData: { For: subject } }
  }
  return {
    ...common,
    Kind: 'image',
    ImageData: {
      // An index may tell apart by variant or version what a configuration does not.
      Platform: platformOf(descriptor.platform ?? image),
      Containers: image ? parts.usersOfImage(image.id).map(({ id }) => id) : [],
      Size: { Unpacked: unpacked },
      UnpackedSize: unpacked,
    },
  } as ImageManifestSummary
}

const platformOf = (platform?: Platform): Platform => ({
  architecture: platform?.architecture ?? '',
  os: platform?.os ?? '',
  ...(platform?.['os.version'] && { 'os.version': platform['os.version'] }),
  ...(platform?.['os.features'] && { 'os.features': platform['os.features'] }),
  ...(platform?.variant && { variant: platform.variant }),
})
