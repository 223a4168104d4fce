/** Image manifests and image indexes (OCI image-spec manifest.md, image-index.md; Docker's schema 2). */
import { type Digest, parseDigest } from './digest.ts'
import * as json from './json.ts'
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts'
import type { Platform } from './platform.ts'

export interface Descriptor {
  mediaType: string
  digest: Digest
  /** Bytes. */
  size: number
  platform?: Platform
  /** In lists of referrers: what the manifest is. */
  artifactType?: string
  annotations?: Record<string, string>
}

export interface Manifest {
  kind: 'manifest'
  mediaType: string
  config: Descriptor
  layers: Descriptor[]
  annotations?: Record<string, string>
}

export interface Index {
  kind: 'index'
  mediaType: string
  manifests: Descriptor[]
  annotations?: Record<string, string>
}

/** Largest manifest or index accepted, in bytes: what registries accept. */
export const largestManifest = 4 * 1024 * 1024
const mostLayers = 1024

const known = [
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'annotations',
  'fsLayers',
  'history',
  'signatures',
]

/**
 * Parses a manifest or index, whichever the body is. `mediaType` is what the descriptor or Content-Type says of it.
 * One body has one meaning: rejects with InvalidParameter a body that could be read as both, that says it is
 * something other than what it looks like, or that differs from `mediaType`.
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest | Index {
  const body = json.parseJsonObject(bytes, 'manifest', largestManifest)
  json.rejectLookalikes(body, known, 'manifest')
  if (body.schemaVersion !== 2) throw json.malformed('manifest', 'schemaVersion is not 2')
  const isManifest = 'config' in body || 'layers' in body
  if (isManifest === 'manifests' in body || 'fsLayers' in body) {
    throw json.malformed('manifest', 'not clearly an image manifest or an image index')
  }
  const stated = json.optional(body.mediaType, 'manifest mediaType', json.string)
  if (stated !== undefined && mediaType !== undefined && stated !== mediaType) {
    throw json.malformed('manifest', `mediaType ${JSON.stringify(stated)} where ${mediaType} was announced`)
  }
  const type = stated ?? mediaType ?? (isManifest ? mediaTypes.ociManifest : mediaTypes.ociIndex)
  if (!(isManifest ? isManifestType(type) : isIndexType(type))) {
    throw json.malformed('manifest', `body does not fit mediaType ${JSON.stringify(type)}`)
  }
  return isManifest ? manifestOf(body, type) : indexOf(body, type)
}

function manifestOf(body: json.JsonObject, mediaType: string): Manifest {
  const layers = json.list(body.layers, 'manifest layers', parseDescriptor)
  if (layers.length > mostLayers) throw json.malformed('manifest', `more than ${mostLayers} layers`)
  return {
    kind: 'manifest',
    mediaType,
    config: parseDescriptor(body.config, 'manifest config'),
    layers,
    ...annotationsOf(body, 'manifest'),
  }
}

function indexOf(body: json.JsonObject, mediaType: string): Index {
  const manifests = json.list(body.manifests, 'index manifests', parseDescriptor)
  return { kind: 'index', mediaType, manifests, ...annotationsOf(body, 'index') }
}

function parseDescriptor(value: unknown, what: string): Descriptor {
  const body = json.object(value, what)
  json.rejectLookalikes(body, ['mediaType', 'digest', 'size', 'platform', 'annotations'], what)
  const size = json.integer(body.size, `${what} size`)
  if (size < 0) throw json.malformed(`${what} size`, 'negative')
  const platform = json.optional(body.platform, `${what} platform`, parsePlatformObject)
  const artifactType = json.optional(body.artifactType, `${what} artifactType`, json.string)
  return {
    mediaType: json.string(body.mediaType, `${what} mediaType`),
    digest: parseDigest(json.string(body.digest, `${what} digest`)),
    size,
    ...(platform && { platform }),
    ...(artifactType && { artifactType }),
    ...annotationsOf(body, what),
  }
}

function parsePlatformObject(value: unknown, what: string): Platform {
  const body = json.object(value, what)
  const text = (key: string) => json.optional(body[key], `${what} ${key}`, json.string)
  const features = json.optional(body['os.features'], `${what} os.features`, (value, where) =>
    json.list(value, where, json.string),
  )
  const [version, variant] = [text('os.version'), text('variant')]
  return {
    architecture: json.string(body.architecture, `${what} architecture`),
    os: json.string(body.os, `${what} os`),
    ...(version && { 'os.version': version }),
    ...(features && { 'os.features': features }),
    ...(variant && { variant }),
  }
}

function annotationsOf(body: json.JsonObject, what: string): { annotations?: Record<string, string> } {
  const parse = (value: unknown, where: string) => json.map(value, where, json.string)
  const annotations = json.optional(body.annotations, `${what} annotations`, parse)
  return annotations ? { annotations } : {}
}

/** The bytes of a new manifest or index: compact JSON, fields in the specification's order. */
export function serializeManifest(manifest: Manifest | Index): Buffer {
  const { kind, ...fields } = manifest
  return Buffer.from(JSON.stringify({ schemaVersion: 2, ...fields }))
}
