/** Manifests by tag or digest: fetched whole and verified, resolved, stored. */
import { digestOf } from '../chain-id.ts'
import { type Digest, isDigest } from '../digest.ts'
import { type Descriptor, largestManifest, parseManifest } from '../manifest.ts'
import { isIndexType, isManifestType, mediaTypes } from '../media-types.ts'
import { answerError, discard } from './answers.ts'
import type { FetchedManifest, ManifestOptions } from './contracts.ts'
import { RegistryError } from './errors.ts'
import { checkName } from './names.ts'
import { addReferrer, subjectOf } from './referrers.ts'
import type { RepositoryHost } from './repository.ts'
import type { Answer } from './transport.ts'

const defaultAccept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
]
const schema1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/

/** See Repository.manifest. */
export async function fetchManifest(
  host: RepositoryHost,
  name: string,
  { accept = defaultAccept, limit = largestManifest, signal }: ManifestOptions,
): Promise<FetchedManifest> {
  const answer = await host.fetch(
    {
      method: 'GET',
      path: `/manifests/${checkName(name)}`,
      headers: { Accept: accept.join(', ') },
      wanted: 'manifest',
      signal,
    },
    Math.min(limit, largestManifest),
    'the manifest',
  )
  const { bytes } = answer
  const announced = mediaTypeOf(answer)
  if (schema1.test(announced ?? '')) throw schema1Error(host, name)
  const digest = digestOf(bytes)
  checkDigest(digest, name, answer.headers['docker-content-digest'])
  const { mediaType } = parsed(bytes, announced, host, name)
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, host: host.name }
}

/** See Repository.resolve. */
export async function resolveManifest(
  host: RepositoryHost,
  name: string,
  options: ManifestOptions,
): Promise<Descriptor> {
  const answer = await host.send({
    method: 'HEAD',
    path: `/manifests/${checkName(name)}`,
    headers: { Accept: (options.accept ?? defaultAccept).join(', ') },
    wanted: 'manifest',
    // Without a body an answer does not tell what is wrong.
    accept: [400, 403, 404, 405],
    signal: options.signal,
  })
  if (answer.status === 403) throw await answerError(answer, 'manifest')
  discard(answer)
  const { 'content-length': length = '' } = answer.headers
  const digest = String(answer.headers['docker-content-digest'] ?? '')
  const mediaType = mediaTypeOf(answer) ?? ''
  const told =
    isDigest(digest) && /^\d+$/.test(length) && (isManifestType(mediaType) || isIndexType(mediaType))
  if (answer.status !== 200 || !told) return (await fetchManifest(host, name, options)).descriptor
  if (isDigest(name)) checkDigest(name, name, digest)
  return { mediaType, digest, size: Number(length) }
}

/** See Repository.putManifest. */
export async function putManifest(
  host: RepositoryHost,
  name: string,
  { mediaType, bytes }: { mediaType: string; bytes: Uint8Array },
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const digest = digestOf(bytes)
  if (isDigest(name)) checkDigest(digest, name, undefined)
  const answer = await host.send({
    method: 'PUT',
    path: `/manifests/${checkName(name)}`,
    headers: { 'Content-Type': mediaType },
    body: bytes,
    wanted: 'name',
    signal,
  })
  discard(answer)
  const stored = answer.headers['docker-content-digest']
  if (stored !== undefined && stored !== digest)
    throw new RegistryError('invalid-answer', `the registry stored ${stored} instead of ${digest}`)
  const descriptor = { mediaType, digest, size: bytes.length }
  const subject = subjectOf(bytes)
  if (subject && answer.headers['oci-subject'] === undefined)
    await addReferrer(host, subject, descriptor, bytes, signal)
  return descriptor
}

/** The Content-Type without parameters; undefined when there is none. */
function mediaTypeOf({ headers }: Pick<Answer, 'headers'>): string | undefined {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase() || undefined
}

function checkDigest(found: Digest, name: string, announced: string | string[] | undefined): void {
  if (isDigest(name) && found !== name)
    throw new RegistryError('invalid-answer', `manifest verification failed for digest ${name}`)
  if (typeof announced === 'string' && isDigest(announced) && found !== announced)
    throw new RegistryError('invalid-answer', `manifest verification failed for digest ${announced}`)
}

/** Reads the body by what the registry says it is: CVE-2021-41190, one body has one meaning. */
function parsed(
  bytes: Buffer,
  announced: string | undefined,
  host: RepositoryHost,
  name: string,
): { mediaType: string } {
  try {
    return parseManifest(bytes, announced)
  } catch (cause) {
    if (isSchema1(bytes)) throw schema1Error(host, name)
    throw new RegistryError('invalid-answer', (cause as Error).message, { cause })
  }
}

function isSchema1(bytes: Buffer): boolean {
  try {
    return (JSON.parse(bytes.toString('utf8')) as { schemaVersion?: unknown }).schemaVersion === 1
  } catch {
    return false
  }
}

function schema1Error({ name: host, path }: RepositoryHost, name: string): RegistryError {
  const image = `${host}/${path}${isDigest(name) ? '@' : ':'}${name}`
  return new RegistryError(
    'unsupported',
    `Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of ${image} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/`,
  )
}
