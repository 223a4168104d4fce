/** `GET /images/get`: an archive that is Docker's own and an OCI image layout in one, as Docker 25 and later write it. */
import { Readable } from 'node:stream'
import { GantryError, isKind } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  entryHeader,
  familiarName,
  familiarRepository,
  hexOf,
  mediaTypes,
  parseReference,
  serializeManifest,
  type TarInput,
  writeTar,
} from '@gantry/oci'
import type { ContentStore } from '@gantry/store'
import type { Catalog, Found } from './catalog.ts'
import { announce, type ImageParts } from './dependencies.ts'
import { readManifest } from './read-image.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'
import { referrersFile } from './referrers/kept-referrers.ts'
import { selectImage } from './resolve.ts'
import type { Hold } from './retention.ts'
import { asNamed } from './variants.ts'

/** An image to be saved, under the names it was asked for by. */
interface Wanted {
  image: ImageRecord
  names: ReferenceRecord[]
  /** Of an index of which several platforms were asked for: these. */
  members: ImageRecord[]
}

/**
 * The archive as a stream. Everything it will need is found, and held, before this resolves; the hold ends with the
 * stream. Rejects with NotFound: `No such image: X`, or `reference does not exist` for a tag.
 */
export async function saveImages(
  parts: ImageParts,
  references: string[],
  platforms: string[] = [],
): Promise<Readable> {
  const wanted = collect(parts, references, platforms)
  const hold = parts.retention.begin()
  try {
    const blobs = await blobsOf(parts.content, wanted)
    await hold.use(blobs)
    const about = await referrersOf(parts, blobs, hold)
    const files = await archiveFiles(parts.content, wanted, about)
    for (const { image } of wanted) announce(parts, 'save', image.id)
    const archive = Readable.from(writeTar(layoutEntries(parts.content, blobs, files)), { objectMode: false })
    // What this end cannot sweep, the next one does.
    archive.on('close', () => hold[Symbol.asyncDispose]().catch(() => {}))
    return archive
  } catch (error) {
    await hold[Symbol.asyncDispose]()
    throw error
  }
}

/** A name without a tag means every tag of the repository. */
function collect(parts: ImageParts, references: string[], platforms: string[]): Wanted[] {
  const wanted = new Map<Digest, Wanted>()
  const add = (image: ImageRecord, names: ReferenceRecord[], members: ImageRecord[] = []) => {
    const known = wanted.get(image.manifest) ?? { image, names: [], members: [] }
    known.names.push(...names.filter((name) => !known.names.some((other) => other.name === name.name)))
    known.members.push(...members)
    wanted.set(image.manifest, known)
  }
  for (const text of references) {
    const repository = wholeRepository(parts.catalog, text)
    const found = repository.map((reference) => ({ image: parts.catalog.get(reference.image), reference }))
    for (const { image, reference } of repository.length > 0 ? found : [findToSave(parts, text)]) {
      if (platforms.length === 0 && image) add(asNamed(image, reference), reference ? [reference] : [])
      const known = reference ? familiarName(parseReference(reference.name)) : text
      const [first, ...others] = platforms.map((platform) =>
        asNamed(selectImage(parts, known, platform), reference),
      )
      if (first && others.length > 0 && reference?.index) {
        add(first, [reference], others)
        continue
      }
      for (const chosen of first ? [first, ...others] : []) {
        // For one platform the name stands for its image alone; an index would promise the others.
        const name = reference && platforms.length === 1 ? [{ name: reference.name, image: chosen.id }] : []
        add(chosen, name)
      }
    }
  }
  return [...wanted.values()]
}

function wholeRepository(catalog: Catalog, text: string): ReferenceRecord[] {
  if (isId(text) || isTagged(text)) return []
  return catalog.inRepository(parseReference(text)).filter(({ image }) => catalog.get(image) !== undefined)
}

function findToSave({ catalog }: ImageParts, text: string): Found {
  try {
    return catalog.find(text)
  } catch (error) {
    if (!isKind(error, 'NotFound')) throw error
    const message = isTagged(text) ? 'reference does not exist' : `No such image: ${text}`
    throw new GantryError('NotFound', message, { cause: error })
  }
}

/** Whether the name says which image of its repository it means. */
function isTagged(text: string): boolean {
  if (isId(text)) return false
  const { tag, digest } = parseReference(text)
  return tag !== undefined || digest !== undefined
}

const isId = (text: string): boolean => /^(sha256:)?[0-9a-f]{64}$/.test(text)

async function blobsOf(content: ContentStore, wanted: Wanted[]): Promise<Set<Digest>> {
  const blobs = new Set<Digest>()
  const addManifest = async (digest: Digest) => {
    const manifest = await readManifest(content, digest)
    blobs.add(digest)
    if (manifest.kind !== 'manifest') return
    for (const each of [manifest.config, ...manifest.layers])
      if (await content.has(each.digest)) blobs.add(each.digest)
  }
  for (const { image, names, members: chosen } of wanted) {
    for (const { manifest } of [image, ...chosen]) await addManifest(manifest)
    for (const { index } of names) {
      if (!index) continue
      blobs.add(index.digest)
      if (chosen.length > 0) continue
      const body = await readManifest(content, index.digest)
      const members = body.kind === 'index' ? body.manifests : []
      for (const { digest } of members) if (await content.has(digest)) await addManifest(digest)
    }
  }
  return blobs
}

/** What says something about the manifests among the blobs, which it joins. */
async function referrersOf(
  { catalog, transfers, laterReferrers }: ImageParts,
  blobs: Set<Digest>,
  hold: Hold,
): Promise<Digest[]> {
  if (!transfers.limits().referrers) return []
  await laterReferrers.settled(blobs)
  const referrers = catalog.referrers.allFor(blobs)
  const content = referrers.flatMap((each) => [each.digest, ...each.blobs])
  await hold.use(content)
  for (const digest of content) blobs.add(digest)
  return [...new Set(referrers.map(({ digest }) => digest))]
}

/** The files that say what the blobs are. `about` the images are manifests that only a layout can have. */
async function archiveFiles(
  content: ContentStore,
  wanted: Wanted[],
  about: readonly Digest[],
): Promise<Record<string, Buffer>> {
  const manifests: Descriptor[] = []
  const items: object[] = []
  const repositories = new Map<string, Record<string, string>>()
  for (const { image, names } of wanted) {
    manifests.push(...(await describe(content, image, names)))
    const tags = names.map(({ name }) => parseReference(name)).filter(({ digest }) => !digest)
    items.push({
      Config: blobPath(image.id),
      RepoTags: tags.length > 0 ? tags.map(familiarName) : null,
      Layers: image.layers.map(({ blob }) => blobPath(blob)),
    })
    for (const tag of tags) {
      const repository = familiarRepository(tag)
      const top = hexOf(image.layers.at(-1)?.diffId ?? image.id)
      repositories.set(repository, { ...repositories.get(repository), [tag.tag ?? 'latest']: top })
    }
  }
  const text = (value: unknown) => Buffer.from(JSON.stringify(value))
  const index = (members: Descriptor[]) =>
    serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests: members })
  const referrers: Descriptor[] = []
  for (const digest of about) referrers.push(await descriptorOf(content, digest))
  return {
    'index.json': index(manifests),
    'manifest.json': text(items),
    'oci-layout': text({ imageLayoutVersion: '1.0.0' }),
    repositories: text(Object.fromEntries(repositories)),
    // In index.json, others would take them for images beside the one, and want a tag.
    ...(referrers.length > 0 && { [referrersFile]: index(referrers) }),
  }
}

/** One descriptor for each name, or one without a name. */
async function describe(
  content: ContentStore,
  image: ImageRecord,
  names: ReferenceRecord[],
): Promise<Descriptor[]> {
  if (names.length === 0) return [await descriptorOf(content, image.manifest)]
  const descriptors: Descriptor[] = []
  for (const { name, index } of names) {
    const { tag } = parseReference(name)
    const annotations = {
      'io.containerd.image.name': name,
      ...(tag && { 'org.opencontainers.image.ref.name': tag }),
    }
    descriptors.push({ ...(await descriptorOf(content, index?.digest ?? image.manifest)), annotations })
  }
  return descriptors
}

async function descriptorOf(content: ContentStore, digest: Digest): Promise<Descriptor> {
  const { mediaType } = await readManifest(content, digest)
  return { mediaType, ...(await content.info(digest)) }
}

/** Where a layout has a blob. */
export const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`

/** The entries of an image layout's archive: blobs, then the files that say what they are. */
export async function* layoutEntries(
  content: ContentStore,
  blobs: Iterable<Digest>,
  files: Record<string, Buffer>,
): AsyncGenerator<TarInput> {
  for (const name of ['blobs/', 'blobs/sha256/']) yield { header: entryHeader({ name, type: 'directory' }) }
  for (const digest of [...blobs].sort()) {
    const { size } = await content.info(digest)
    yield {
      header: entryHeader({ name: blobPath(digest), type: 'file', size }),
      content: blob(content, digest),
    }
  }
  for (const [name, bytes] of Object.entries(files)) {
    yield { header: entryHeader({ name, type: 'file', size: bytes.length }), content: [bytes] }
  }
}

/** Opened when it is its turn, and closed when the reader stops. */
async function* blob(content: ContentStore, digest: Digest): AsyncGenerator<Buffer> {
  yield* (await content.read(digest)) as AsyncIterable<Buffer>
}
