/** `--output type=oci` and `type=docker`: an image layout as an archive. */
import { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  familiarName,
  mediaTypes,
  parseReference,
  serializeManifest,
  writeTar,
} from '@gantry/oci'
import type { ContentStore } from '@gantry/store'
import { referenceKey } from '../../images/catalog.ts'
import { blobPath, layoutEntries } from '../../images/save.ts'
import type { BuiltSet } from './assemble.ts'
import type { ArchivePlan } from './plan.ts'

/** Where a client takes blobs one by one. */
export type DeliverBlob = (
  blob: { digest: Digest; size: number },
  content: AsyncIterable<Uint8Array>,
) => Promise<void>

/** Blob by blob, what leads to the others last; the client writes the index. */
export async function storeOutput(
  content: ContentStore,
  set: BuiltSet,
  plan: ArchivePlan,
  deliver: DeliverBlob,
): Promise<void> {
  checkFormat(set, plan)
  for (const digest of [...blobsOf(set)].reverse()) {
    const { size } = await content.info(digest)
    await deliver({ digest, size }, await content.read(digest))
  }
}

function checkFormat({ images }: BuiltSet, { format }: ArchivePlan): void {
  if (format === 'docker' && images.length > 1)
    throw new GantryError(
      'InvalidParameter',
      'docker exporter does not currently support exporting manifest lists',
    )
}

/** The archive as a stream; what it reads must be held until its end. Throws InvalidParameter. */
export function archiveOutput(content: ContentStore, set: BuiltSet, plan: ArchivePlan): Readable {
  checkFormat(set, plan)
  const [image] = set.images
  const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const index = serializeManifest({
    kind: 'index',
    mediaType: mediaTypes.ociIndex,
    manifests: describe(set, plan),
  })
  const files = {
    'index.json': index,
    ...(plan.format === 'docker' && image && { 'manifest.json': text([dockerItem(image, plan)]) }),
    'oci-layout': text({ imageLayoutVersion: '1.0.0' }),
  }
  return Readable.from(writeTar(layoutEntries(content, blobsOf(set), files)), { objectMode: false })
}

/** One descriptor for each name, or one without a name. */
function describe({ top, images }: BuiltSet, { names }: ArchivePlan): Descriptor[] {
  const created = images[0]?.file.created
  const dated: Record<string, string> =
    created === undefined ? {} : { 'org.opencontainers.image.created': created }
  const named = names.map((name) => ({
    ...top,
    annotations: {
      ...top.annotations,
      'io.containerd.image.name': referenceKey(name),
      ...dated,
      'org.opencontainers.image.ref.name': name.tag ?? 'latest',
    },
  }))
  return named.length > 0 ? named : [{ ...top, annotations: { ...top.annotations, ...dated } }]
}

function dockerItem({ id, layers }: BuiltSet['images'][number], { names }: ArchivePlan): object {
  return {
    Config: blobPath(id),
    RepoTags: names.length > 0 ? names.map((name) => familiarName(parseReference(referenceKey(name)))) : null,
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }
}

function blobsOf({ top, images, attestations }: BuiltSet): Set<Digest> {
  const own = images.flatMap(({ id, manifest, layers }) => [
    id,
    manifest.digest,
    ...layers.map(({ digest }) => digest),
  ])
  return new Set([top.digest, ...own, ...attestations])
}
