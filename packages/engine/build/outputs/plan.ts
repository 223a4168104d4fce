/** What a build is asked to give out: `--output` with its attributes, as BuildKit's exporters understand them. */
import type { Reference } from '@gantry/oci'
import type { BuildOutput } from '../../contracts.ts'
import { parseTarget } from '../../images/tag.ts'
import { type Annotation, annotationsIn, isAnnotation } from './annotations.ts'
import { Attributes, type Compression, compressionOf, refused } from './attributes.ts'

/** How an image is to be made of a result. */
export interface ImageForm {
  names: Reference[]
  compression: Compression | null
  /** Files of new layers are no younger than SOURCE_DATE_EPOCH. */
  rewriteTimestamps: boolean
  ociTypes: boolean
  annotations: Annotation[]
  /** An index, also of a single platform. */
  asIndex: boolean
}

export interface ImagePlan extends ImageForm {
  kind: 'image'
  /** Keep it among the images of this machine. */
  store: boolean
  push: boolean
  pushByDigest: boolean
  /** Also a name with the digest. */
  nameCanonical: boolean
  danglingNamePrefix?: string
}

export interface ArchivePlan extends ImageForm {
  kind: 'archive'
  format: 'oci' | 'docker'
  /** Not as an archive but blob by blob, into a content store of the client's. */
  inStore: boolean
}

export interface FilesPlan {
  kind: 'files'
  /** In a directory of the client, not in an archive. */
  tree: boolean
  /** A directory for each platform. */
  platformSplit: boolean | null
  /** Goes before the names of files with attestations. */
  attestationPrefix: string
}

export type OutputPlan = ImagePlan | ArchivePlan | FilesPlan | { kind: 'nothing' }

const formKeys = [
  'name',
  'compression',
  'compression-level',
  'force-compression',
  'rewrite-timestamp',
  'oci-mediatypes',
]
const keysOf: Record<string, readonly string[]> = {
  image: [
    ...formKeys,
    'push',
    'push-by-digest',
    'store',
    'unpack',
    'name-canonical',
    'dangling-name-prefix',
    'registry.insecure',
  ],
  // Where an archive goes is the client's business, which may tell it all the same.
  oci: [...formKeys, 'dest', 'tar'],
  docker: [...formKeys, 'dest', 'tar'],
  local: ['platform-split', 'attestation-prefix', 'dest'],
  tar: ['platform-split', 'attestation-prefix', 'dest'],
  cacheonly: [],
}

/**
 * Plans for the outputs; `tags` name images that have no name of their own. `asSeveral`: a single platform is given out as
 * several are. Throws InvalidParameter in BuildKit's words.
 */
export function planOutputs(
  outputs: readonly BuildOutput[],
  tags: readonly string[],
  asSeveral = false,
): OutputPlan[] {
  const asked = outputs.length > 0 ? outputs : [{ type: 'image', attributes: {} }]
  const plans = asked.map((output) => planOutput(output, tags))
  return asSeveral ? plans.map(likeSeveral) : plans
}

function likeSeveral(plan: OutputPlan): OutputPlan {
  if (plan.kind === 'nothing') return plan
  if (plan.kind === 'files') return { ...plan, platformSplit: plan.platformSplit ?? true }
  return { ...plan, asIndex: true }
}

function planOutput({ type: asked, attributes }: BuildOutput, tags: readonly string[]): OutputPlan {
  const type = asked === 'registry' ? 'image' : asked
  const known = Object.hasOwn(keysOf, type) ? keysOf[type] : undefined
  if (!known) throw refused(`exporter ${JSON.stringify(asked)} could not be found`)
  const isImage = type === 'image' || type === 'oci' || type === 'docker'
  for (const key of Object.keys(attributes))
    if (!known.includes(key) && !(isImage && isAnnotation(key)))
      throw refused(`unknown attribute ${JSON.stringify(key)} of the output ${asked}`)
  const read = new Attributes(attributes)
  switch (type) {
    case 'image':
      return imagePlan(read, tags, asked === 'registry')
    case 'oci':
    case 'docker':
      return { kind: 'archive', format: type, inStore: read.flag('tar') === false, ...formOf(read, tags) }
    case 'cacheonly':
      return { kind: 'nothing' }
    default: {
      const split = read.flag('platform-split')
      const attestationPrefix = read.text('attestation-prefix') ?? ''
      return { kind: 'files', tree: type === 'local', platformSplit: split ?? null, attestationPrefix }
    }
  }
}

function imagePlan(read: Attributes, tags: readonly string[], isRegistry: boolean): ImagePlan {
  if (read.flag('registry.insecure'))
    throw refused('registry.insecure is not for a build to say: name the registry in insecure-registries')
  const form = formOf(read, tags)
  const push = read.flag('push') ?? isRegistry
  if (push && form.names.length === 0) throw refused('tag is needed when pushing to registry')
  const prefix = read.text('dangling-name-prefix')
  return {
    kind: 'image',
    ...form,
    // What registries are sent is compressed, unless they are asked to take it as it is.
    compression: form.compression ?? (push ? { type: 'gzip', force: false } : null),
    push,
    store: read.flag('store') ?? true,
    pushByDigest: read.flag('push-by-digest') ?? false,
    nameCanonical: read.flag('name-canonical') ?? false,
    ...(prefix !== undefined && { danglingNamePrefix: prefix }),
  }
}

function formOf(read: Attributes, tags: readonly string[]): ImageForm {
  const names = read.text('name')?.split(',') ?? tags
  return {
    names: names.map((name) => parseTarget(name.trim())),
    compression: compressionOf(read),
    rewriteTimestamps: read.flag('rewrite-timestamp') ?? false,
    ociTypes: read.flag('oci-mediatypes') ?? true,
    annotations: annotationsIn(read.attributes),
    asIndex: false,
  }
}
