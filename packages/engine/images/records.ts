import type { Digest, Platform } from '@gantry/oci'

/** An image for one platform, as it is kept: what lists and lookups need; all else is in the content store. */
export interface ImageRecord extends Platform {
  /** Digest of the configuration file: Docker's image id. */
  id: Digest
  manifest: Digest
  /** Base first. `blob` is the layer as it came, maybe compressed; `diffId` the digest of its uncompressed bytes. */
  layers: { diffId: Digest; blob: Digest }[]
  /** RFC 3339; absent when the configuration does not say. */
  created?: string
  labels: Record<string, string>
  /** The image it was made from on this machine. */
  parent?: Digest
  /** RFC 3339. */
  taggedAt?: string
  /** RFC 3339; when a container last used it, roughly. */
  usedAt?: string
  /** What a build was at after one of its instructions, made an image because somebody named it. */
  intermediate?: boolean
  /** Removed by the user while a stopped container still needs its layers: kept for that container alone. */
  retired?: boolean
}

/** A name, `docker.io/library/busybox:latest` or `…@sha256:…`, and the image it stands for. */
export interface ReferenceRecord {
  name: string
  image: Digest
  /** Present when the name stands for an image index. */
  index?: {
    digest: Digest
    /** The images of the index that are here, `image` among them. */
    images: Digest[]
    /** What else of the index is here: manifests and content of attestations. */
    blobs: Digest[]
    /** A build made it here: as long as no registry knows it by its digest, that may change. */
    madeHere?: boolean
  }
  /** Manifests that the name stands for, or its index, where those of the images' records are others. */
  variants?: Variant[]
}

/** Another manifest of an image: the same configuration, and the same layers in other blobs. */
export interface Variant {
  image: Digest
  manifest: Digest
  /** Base first. */
  layers: Digest[]
}
