/** One image of a manifest list, as it is kept locally and shown by `manifest inspect --verbose`. */
import { type Descriptor, isIndexType, json, mediaTypes } from '@gantry/oci'

/** Field names are those of the specification. */
export interface EntryPlatform {
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
}

export interface EntryDescriptor {
  mediaType: string
  digest: string
  size: number
  platform?: EntryPlatform
}

export interface ManifestEntry {
  Ref: string
  Descriptor: EntryDescriptor
  /** The manifest's bytes in base64. */
  Raw: string
  SchemaV2Manifest?: unknown
  OCIManifest?: unknown
}

/**
 * An entry of a manifest whose bytes are JSON; a SyntaxError when they are not. It is kept as OCI's or as Docker's by
 * its media type.
 */
export function manifestEntry(ref: string, descriptor: EntryDescriptor, bytes: Buffer): ManifestEntry {
  const parsed: unknown = JSON.parse(bytes.toString('utf8'))
  const isOci = descriptor.mediaType === mediaTypes.ociManifest
  return {
    Ref: ref,
    Descriptor: descriptor,
    Raw: bytes.toString('base64'),
    ...(isOci ? { OCIManifest: parsed } : { SchemaV2Manifest: parsed }),
  }
}

/** The fields of a platform in the order in which Docker writes them; what else is there is left out. */
export function entryPlatform(value: unknown): EntryPlatform {
  const body = json.object(value, 'platform')
  const text = (key: string): string => json.optional(body[key], `platform ${key}`, json.string) ?? ''
  const features = json.optional(body['os.features'], 'platform os.features', (list, what) =>
    json.list(list, what, json.string),
  )
  return {
    architecture: text('architecture'),
    os: text('os'),
    ...(text('os.version') && { 'os.version': text('os.version') }),
    ...(features?.length && { 'os.features': features }),
    ...(text('variant') && { variant: text('variant') }),
  }
}

/** The bytes of a manifest list of these images: those that Docker makes, so that the digest is the same. */
export function manifestListBytes(entries: readonly EntryDescriptor[]): { mediaType: string; bytes: Buffer } {
  const mediaType =
    entries[0]?.mediaType === mediaTypes.ociManifest ? mediaTypes.ociIndex : mediaTypes.dockerIndex
  const manifests = entries.map(({ mediaType: type, size, digest, platform }) => ({
    mediaType: type,
    size,
    digest,
    ...(platform && { platform }),
  }))
  return {
    mediaType,
    bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }, null, 3)),
  }
}

/** Whether the reference is to a list of manifests rather than to an image. */
export const isList = ({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean => isIndexType(mediaType)
