/** What a push has to send for a name: manifests, the blobs they need, and the bytes of each as they came. */
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  type Index,
  type Manifest,
  parsePlatform,
  samePlatform,
} from '@gantry/oci'
import type { ImageParts } from '../dependencies.ts'
import { isAttestation } from '../pull/choose.ts'
import { readManifest } from '../read-image.ts'
import type { ImageRecord, ReferenceRecord } from '../records.ts'
import { asNamed } from '../variants.ts'

export interface PlannedBlob {
  descriptor: Descriptor
  /** Of a layer: what the progress is told under. */
  diffId?: Digest
}

export interface PushPlan {
  /** What the name is to stand for. */
  top: Descriptor
  /** Blobs, each once: layers of the main image top first, then whatever else. */
  blobs: PlannedBlob[]
  /** Manifests that the top refers to, in the order in which they must be stored. */
  manifests: Descriptor[]
  /** Of an index: manifests that are not here, so the registry must have them. */
  absent: Descriptor[]
}

/** The plan for what a name stands for; with a platform, for that image alone. Rejects with NotFound, InvalidParameter. */
export async function planPush(
  parts: ImageParts,
  reference: ReferenceRecord,
  platform?: string,
): Promise<PushPlan> {
  const { image, index } = reference
  const members = (index?.images ?? [image])
    .map((id) => parts.catalog.get(id))
    .filter((each) => each !== undefined)
    .map((each) => asNamed(each, reference))
  if (platform || !index) {
    const wanted = platform ? parsePlatform(platform, parts.host) : undefined
    const main = wanted ? members.find((each) => samePlatform(wanted, each)) : members[0]
    if (!main) throw new GantryError('NotFound', `no image for platform ${platform} is here`)
    return planImage(parts, main)
  }
  return planIndex(parts, index.digest, members)
}

/** The plan for one image. */
export async function planImage({ content }: ImageParts, image: ImageRecord): Promise<PushPlan> {
  const manifest = await readManifest(content, image.manifest)
  if (manifest.kind !== 'manifest') throw notAnImage(image.manifest)
  const { size } = await content.info(image.manifest)
  return {
    top: { mediaType: manifest.mediaType, digest: image.manifest, size },
    blobs: unique([...layersOf(manifest, image), { descriptor: manifest.config }]),
    manifests: [],
    absent: [],
  }
}

async function planIndex(parts: ImageParts, digest: Digest, images: ImageRecord[]): Promise<PushPlan> {
  const { content } = parts
  const index = await readManifest(content, digest)
  if (index.kind !== 'index') throw notAnImage(digest)
  const { size } = await content.info(digest)
  const plan: PushPlan = {
    top: { mediaType: index.mediaType, digest, size },
    blobs: [],
    manifests: [],
    absent: [],
  }
  await addMembers(parts, index, images, plan)
  plan.blobs = unique(plan.blobs)
  return plan
}

async function addMembers(
  parts: ImageParts,
  index: Index,
  images: ImageRecord[],
  plan: PushPlan,
): Promise<void> {
  const { content } = parts
  for (const each of index.manifests) {
    const body = (await content.has(each.digest))
      ? await readManifest(content, each.digest, each.mediaType)
      : null
    const image = body?.kind === 'manifest' && images.find(({ id }) => id === body.config.digest)
    if (body?.kind === 'index') await addMembers(parts, body, images, plan)
    if (body?.kind === 'manifest' && (image || isAttestation(each)) && (await isHere(parts, body))) {
      plan.blobs.push(...(image ? layersOf(body, image) : body.layers.map((descriptor) => ({ descriptor }))))
      plan.blobs.push({ descriptor: body.config })
    } else if (body?.kind !== 'index') {
      plan.absent.push(each)
      continue
    }
    plan.manifests.push(each)
  }
}

async function isHere({ content }: ImageParts, { config, layers }: Manifest): Promise<boolean> {
  for (const { digest } of [config, ...layers]) if (!(await content.has(digest))) return false
  return true
}

/** Top first, as Docker tells of them. */
function layersOf({ layers }: Manifest, image: ImageRecord): PlannedBlob[] {
  return layers
    .map((descriptor, index) => ({ descriptor, diffId: image.layers[index]?.diffId as Digest }))
    .reverse()
}

function unique(blobs: PlannedBlob[]): PlannedBlob[] {
  return [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()]
}

const notAnImage = (digest: Digest) => new GantryError('InvalidParameter', `${digest} is no image`)
