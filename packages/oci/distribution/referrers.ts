/** What names a manifest as its subject (distribution-spec, Listing Referrers), also where only tags can tell. */
import { digestOf } from '../chain-id.ts'
import { type Digest, hexOf, isDigest } from '../digest.ts'
import * as json from '../json.ts'
import { type Descriptor, largestManifest, parseManifest } from '../manifest.ts'
import { mediaTypes } from '../media-types.ts'
import { discard } from './answers.ts'
import type { ReferrersOptions } from './contracts.ts'
import { RegistryError } from './errors.ts'
import type { WholeAnswer } from './host.ts'
import type { RepositoryHost, RepositoryRequest } from './repository.ts'

/** The tag under which a registry without the API has the index of referrers. */
const tagOf = (digest: Digest): string => `sha256-${hexOf(digest)}`

/** See Repository.referrers. */
export async function listReferrers(
  host: RepositoryHost,
  digest: Digest,
  { artifactType, signal }: ReferrersOptions,
): Promise<Descriptor[]> {
  const query = artifactType ? `?artifactType=${encodeURIComponent(artifactType)}` : ''
  const found =
    (await askForList(host, `/referrers/${digest}${query}`, signal)) ??
    (await readIndex(host, `/manifests/${tagOf(digest)}`, signal)) ??
    []
  // The registry need not filter, and a tag cannot.
  return artifactType ? found.filter((each) => each.artifactType === artifactType) : found
}

/** Undefined from a registry without the API; one that is known to have none is not asked. */
async function askForList(
  host: RepositoryHost,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor[] | undefined> {
  if (host.listsNoReferrers) return undefined
  return readIndex(host, path, signal, ({ status, bytes }) => {
    // A registry that knows the path answers in JSON, also that it lacks the repository.
    if (status === 405 || !isErrors(bytes)) host.noteNoReferrers()
  })
}

function isErrors(bytes: Uint8Array): boolean {
  try {
    return Array.isArray(json.parseJsonObject(bytes, 'errors', largestManifest).errors)
  } catch {
    return false
  }
}

async function readIndex(
  host: RepositoryHost,
  path: string,
  signal: AbortSignal | undefined,
  refused: (answer: WholeAnswer) => void = () => {},
): Promise<Descriptor[] | undefined> {
  const request: RepositoryRequest = {
    method: 'GET',
    path,
    headers: { Accept: mediaTypes.ociIndex },
    wanted: 'manifest',
    accept: [404, 405],
    signal,
  }
  const answer = await host.fetch(request, largestManifest, 'the list of referrers')
  const { status, bytes } = answer
  if (status !== 200) {
    refused(answer)
    return undefined
  }
  try {
    const index = parseManifest(bytes, mediaTypes.ociIndex)
    return index.kind === 'index' ? index.manifests : undefined
  } catch (cause) {
    throw new RegistryError('invalid-answer', (cause as Error).message, { cause })
  }
}

/** The digest that a manifest names as its subject; undefined without one. */
export function subjectOf(bytes: Uint8Array): Digest | undefined {
  try {
    const { subject } = json.parseJsonObject(bytes, 'manifest', largestManifest)
    const digest = json.optional(subject, 'manifest subject', json.object)?.digest
    return typeof digest === 'string' && isDigest(digest) ? digest : undefined
  } catch {
    return undefined
  }
}

/** Adds a manifest to the index under its subject's tag, for registries that do not keep one themselves. */
export async function addReferrer(
  host: RepositoryHost,
  subject: Digest,
  descriptor: Descriptor,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const known = (await readIndex(host, `/manifests/${tagOf(subject)}`, signal)) ?? []
  if (known.some(({ digest }) => digest === descriptor.digest)) return
  const body = json.parseJsonObject(bytes, 'manifest', largestManifest)
  const config = json.optional(body.config, 'manifest config', json.object)
  const artifactType = body.artifactType ?? config?.mediaType
  const annotations = body.annotations
  const entry = {
    ...descriptor,
    ...(typeof artifactType === 'string' && { artifactType }),
    ...(annotations !== undefined && { annotations }),
  }
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...known, entry] }),
  )
  const answer = await host.send({
    method: 'PUT',
    path: `/manifests/${tagOf(subject)}`,
    headers: { 'Content-Type': mediaTypes.ociIndex },
    body: index,
    wanted: 'name',
    signal,
  })
  discard(answer)
  const stored = answer.headers['docker-content-digest']
  if (stored !== undefined && stored !== digestOf(index))
    throw new RegistryError('invalid-answer', `the registry stored ${stored} instead of ${digestOf(index)}`)
}
