/** In-toto statements, and how images carry them (BuildKit's attestation-storage). */
import { type Descriptor, type Digest, hexOf, mediaTypes, serializeManifest } from '@gantry/oci'
import type { Hold } from '../../images/retention.ts'
import type { Attestation } from '../outputs/assemble.ts'

/** What is said, and in which terms. */
export interface Predicate {
  /** A URI. */
  type: string
  value: object
}

/** The same as JSON: of images with many packages it is large, and made elsewhere. */
export interface PredicateText {
  type: string
  text: string
}

export interface Subject {
  name: string
  digest: Record<string, string>
}

const statementType = 'application/vnd.in-toto+json'

/** `subjects` and the predicate are JSON as `nestedJson` makes it with the same `indent`. */
export function statement({ type, text }: PredicateText, subjects: string, indent: 0 | 2): string {
  const fields = {
    _type: '"https://in-toto.io/Statement/v0.1"',
    predicateType: JSON.stringify(type),
    subject: subjects,
    predicate: text,
  }
  const [line, colon] = indent === 0 ? ['', ':'] : ['\n  ', ': ']
  const lines = Object.entries(fields).map(([name, value]) => `${line}"${name}"${colon}${value}`)
  return `{${lines.join(',')}${indent === 0 ? '' : '\n'}}`
}

/** The JSON of what goes into a statement. */
export const nestedJson = (value: object, indent: 0 | 2): string =>
  indent === 0 ? JSON.stringify(value) : JSON.stringify(value, null, indent).replaceAll('\n', '\n  ')

/** An image as a subject, under each of its names; `_` stands for none. */
export function imageSubjects(names: readonly string[], manifest: Digest): Subject[] {
  const all = names.length > 0 ? names : ['_']
  return all.map((name) => ({ name, digest: { sha256: hexOf(manifest) } }))
}

/** Stores what is said about an image as a manifest that its index is to have. */
export async function storeAttestation(
  hold: Hold,
  manifest: Digest,
  subjects: readonly Subject[],
  predicates: readonly PredicateText[],
): Promise<Attestation> {
  const layers: Descriptor[] = []
  for (const predicate of predicates) {
    const stored = await hold.put(Buffer.from(statement(predicate, nestedJson(subjects, 0), 0)))
    const annotations = { 'in-toto.io/predicate-type': predicate.type }
    layers.push({ mediaType: statementType, ...stored, annotations })
  }
  const digests = layers.map(({ digest }) => digest)
  const file = {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: digests },
  }
  const config = { mediaType: mediaTypes.ociConfig, ...(await hold.put(Buffer.from(JSON.stringify(file)))) }
  const mediaType = mediaTypes.ociManifest
  const body = await hold.put(serializeManifest({ kind: 'manifest', mediaType, config, layers }))
  return {
    descriptor: {
      mediaType,
      ...body,
      annotations: {
        'vnd.docker.reference.digest': manifest,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
      platform: { architecture: 'unknown', os: 'unknown' },
    },
    blobs: [body.digest, config.digest, ...digests],
  }
}
