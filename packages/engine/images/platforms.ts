/** What an image holds for each platform, as lists and inspect show it. */
import type { ImageManifestSummary } from '@gantry/api'
import { type Descriptor, type Digest, isManifestType, type Platform } from '@gantry/oci'
import type { ImageParts } from './dependencies.ts'
import { sizeOf } from './layer-sizes.ts'
import { isAttestation } from './pull/choose.ts'
import { descriptorOf, readManifest } from './read-image.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'

type Parts = Pick<ImageParts, 'content' | 'layers' | 'catalog' | 'usersOfImage'>

/** One summary for each manifest of the index under a name, or for the image's own. */
export async function manifestSummaries(
  parts: Parts,
  image: ImageRecord,
  index: ReferenceRecord['index'],
): Promise<ImageManifestSummary[]> {
  if (!index) return [await summarize(parts, await descriptorOf(parts.content, image.manifest), image)]
  const body = await readManifest(parts.content, index.digest)
  const members = index.images.map((id) => parts.catalog.get(id)).filter((each) => each !== undefined)
  const manifests =
    body.kind === 'index' ? body.manifests.filter((each) => isManifestType(each.mediaType)) : []
  return Promise.all(
    manifests.map((each) =>
      summarize(
        parts,
        each,
        members.find(({ manifest }) => manifest === each.digest),
      ),
    ),
  )
}

async function summarize(
  parts: Parts,
  descriptor: Descriptor,
  image: ImageRecord | undefined,
): Promise<ImageManifestSummary> {
  const content = await contentSize(parts, descriptor.digest)
  const unpacked = image ? await sizeOf(parts.layers, image) : 0
  const common = {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Size: { Content: content, Total: content + unpacked },
  }
  if (isAttestation(descriptor)) {
    const subject = descriptor.annotations?.['vnd.docker.reference.digest'] ?? ''
    return { ...common, Available: content > 0, Kind: 'attestation', AttestationData: { For: subject } }
  }
  return {
    ...common,
    Available: image !== undefined,
    Kind: 'image',
    ImageData: {
      Platform: platformOf(image ?? descriptor.platform),
      Containers: image ? parts.usersOfImage(image.id).map(({ id }) => id) : [],
      Size: { Unpacked: unpacked },
      UnpackedSize: unpacked,
    },
  } as ImageManifestSummary
}

const platformOf = (platform?: Platform): Platform => ({
  architecture: platform?.architecture ?? '',
  os: platform?.os ?? '',
  ...(platform?.variant && { variant: platform.variant }),
})

/** Bytes of what is here of a manifest and what it refers to. */
async function contentSize({ content }: Parts, digest: Digest): Promise<number> {
  if (!(await content.has(digest))) return 0
  const body = await readManifest(content, digest)
  const blobs = body.kind === 'manifest' ? [body.config, ...body.layers] : []
  let size = (await content.info(digest)).size
  for (const each of blobs) if (await content.has(each.digest)) size += each.size
  return size
}
