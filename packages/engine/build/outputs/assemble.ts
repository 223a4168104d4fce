/** From the results of a build to an image: configurations, manifests, and an index where there is more than one. */
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildResult } from '@gantry/build'
import {
  type Descriptor,
  type Digest,
  type ImageConfigFile,
  mediaTypes,
  type Platform,
  serializeImageConfig,
  serializeManifest,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
import type { CompressedLayers } from '../cache/compressed-layers.ts'
import { annotationsFor, checkAnnotations } from './annotations.ts'
import { LayerBlobs } from './layers.ts'
import type { ImageForm } from './plan.ts'

/** An image of one platform, all of it in the content store. */
export interface BuiltImage {
  platform: Platform
  file: ImageConfigFile
  /** Digest of the configuration. */
  id: Digest
  manifest: Descriptor
  layers: Descriptor[]
}

export interface BuiltSet {
  images: BuiltImage[]
  /** What names are to stand for: the index, or the only manifest. */
  top: Descriptor
  isIndex: boolean
  /** What of the index is no image: manifests and content of attestations. */
  attestations: Digest[]
}

/** A manifest that says something about an image, for the index. */
export interface Attestation {
  descriptor: Descriptor
  blobs: Digest[]
}

/** Makes what is to be said about an image; null for nothing. */
export type Attest = (image: BuiltImage, result: BuildResult) => Promise<Attestation | null>

export interface AssembleParts {
  images: Pick<ImageParts, 'content' | 'catalog' | 'layers'>
  archive: Pick<ArchiveWorkers, 'layer'>
  compressed: CompressedLayers
}

/** Everything is held by `hold`. `created` is SOURCE_DATE_EPOCH. Rejects with InvalidParameter, NotFound. */
export async function assemble(
  parts: AssembleParts,
  hold: Hold,
  results: readonly BuildResult[],
  form: ImageForm,
  { created, attest }: { created: Date | undefined; attest: Attest },
): Promise<BuiltSet> {
  const { annotations, ociTypes, asIndex } = form
  const latest = form.rewriteTimestamps && created ? Math.floor(created.getTime() / 1000) : null
  const layerBlobs = new LayerBlobs(parts, hold)
  const images: BuiltImage[] = []
  const attestations: Attestation[] = []
  for (const result of results) {
    const image = await oneImage(layerBlobs, hold, result, form, latest)
    images.push(image)
    const attestation = await attest(image, result)
    if (attestation) attestations.push(attestation)
  }
  const isIndex = asIndex || images.length > 1 || attestations.length > 0
  checkAnnotations(
    annotations,
    images.map(({ platform }) => platform),
    isIndex,
  )
  const [only] = images
  if (!isIndex && only) return { images, top: only.manifest, isIndex, attestations: [] }
  const body = serializeManifest({
    kind: 'index',
    mediaType: ociTypes ? mediaTypes.ociIndex : mediaTypes.dockerIndex,
    manifests: [
      ...images.map(({ manifest, platform }) => ({
        ...manifest,
        platform,
        ...annotationsFor(annotations, 'manifest-descriptor', platform),
      })),
      ...attestations.map(({ descriptor }) => descriptor),
    ],
    ...annotationsFor(annotations, 'index'),
  })
  const { digest, size } = await hold.put(body)
  const mediaType = ociTypes ? mediaTypes.ociIndex : mediaTypes.dockerIndex
  const top = { mediaType, digest, size, ...annotationsFor(annotations, 'index-descriptor') }
  return { images, top, isIndex, attestations: attestations.flatMap(({ blobs }) => blobs) }
}

/** Docker's names for the OCI's kinds of layers. */
const dockerTypes: Record<string, string> = {
  [mediaTypes.ociLayer]: mediaTypes.dockerLayer,
  [mediaTypes.ociLayerGzip]: mediaTypes.dockerLayerGzip,
  [mediaTypes.ociLayerZstd]: mediaTypes.dockerLayerZstd,
}

async function oneImage(
  layerBlobs: LayerBlobs,
  hold: Hold,
  { config, snapshot, platform, baseLayers }: BuildResult,
  { compression, annotations, ociTypes }: ImageForm,
  latest: number | null,
): Promise<BuiltImage> {
  const blobs = await layerBlobs.of(snapshot, baseLayers, compression, latest)
  const file = { ...config, diffIds: blobs.map(({ diffId }) => diffId) }
  const configType = ociTypes ? mediaTypes.ociConfig : mediaTypes.dockerConfig
  const descriptor = { mediaType: configType, ...(await hold.put(serializeImageConfig(file))) }
  const layers = blobs.map(({ descriptor: layer }) => ({
    ...layer,
    mediaType: ociTypes ? layer.mediaType : (dockerTypes[layer.mediaType] ?? layer.mediaType),
  }))
  const mediaType = ociTypes ? mediaTypes.ociManifest : mediaTypes.dockerManifest
  const body = serializeManifest({
    kind: 'manifest',
    mediaType,
    config: descriptor,
    layers,
    ...annotationsFor(annotations, 'manifest', platform),
  })
  const manifest = { mediaType, ...(await hold.put(body)) }
  return { platform, file, id: descriptor.digest, manifest, layers }
}
