/** `--output type=image`: an image among those of this machine, and in its registry when that is asked for. */
import type { BuildResult, CredentialsLookup } from '@gantry/build'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  digestOf,
  familiarName,
  type Reference,
  serializeImageConfig,
} from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import { chainOf, referenceKey } from '../../images/catalog.ts'
import type { ImageParts } from '../../images/dependencies.ts'
import { pushRecord } from '../../images/push/push.ts'
import type { ImageRecord, ReferenceRecord } from '../../images/records.ts'
import type { Hold } from '../../images/retention.ts'
import type { BuiltSet } from './assemble.ts'
import type { ImagePlan } from './plan.ts'
import { type NamesWanted, nameSet, type Stored, storeSet } from './store-output.ts'

export interface PushOptions {
  credentials: CredentialsLookup
  report: (message: ProgressMessage) => void
  signal: AbortSignal
}

/** Resolves to the image that names stand for, and what they name. Rejects with what a push rejects with. */
export async function imageOutput(
  parts: ImageParts,
  hold: Hold,
  made: BuiltSet,
  plan: ImagePlan,
  options: PushOptions,
): Promise<{ id: Digest; top: Descriptor }> {
  const set = isPlain(plan) ? await asItIsHere(parts, hold, made) : made
  await using undo = new AsyncDisposableStack()
  if (!plan.store) undo.defer(restorer(parts, set, plan.names))
  const stored = await storeSet(parts, hold, set)
  if (plan.store) nameSet(parts, set, stored, namesOf(plan))
  if (plan.push) for (const name of plan.names) await push(parts, name, stored, plan, options)
  return { id: stored.main, top: set.top }
}

/** What an output's plan says of the names that its image is to have. */
export const namesOf = (plan: ImagePlan): NamesWanted => ({
  names: plan.names,
  canonical: plan.nameCanonical,
  danglingPrefix: plan.danglingNamePrefix,
})

/** The image that an earlier build made of the same and that is still here; null when it is to be put together. */
export async function builtBefore(
  parts: ImageParts,
  hold: Hold,
  results: readonly BuildResult[],
  plan: ImagePlan,
): Promise<{ set: BuiltSet; stored: Stored } | null> {
  const [result] = results
  if (
    !result ||
    results.length > 1 ||
    !plan.store ||
    plan.asIndex ||
    !isPlain(plan) ||
    plan.rewriteTimestamps
  )
    return null
  const { config: file, platform, snapshot } = result
  const id = digestOf(serializeImageConfig(file))
  const known = parts.catalog.get(id)
  if (!known || known.retired || known.intermediate) return null
  await hold.use([id, known.manifest, ...chainOf(known), ...known.layers.map(({ blob }) => blob)])
  for (const { chainId } of snapshot.layers) if (!(await parts.layers.has(chainId))) return null
  if (!(await parts.content.has(known.manifest))) return null
  const { manifest, size } = await parts.documents.manifest(known.manifest)
  if (manifest.kind !== 'manifest') return null
  const top = { mediaType: manifest.mediaType, digest: known.manifest, size }
  const images = [{ platform, file, id, manifest: top, layers: manifest.layers }]
  return {
    set: { images, top, isIndex: false, attestations: [] },
    stored: { main: id, target: { image: id } },
  }
}

/** Nothing was said of what manifest and layers are to be like. */
const isPlain = ({ compression, annotations, ociTypes }: ImagePlan): boolean =>
  !compression && annotations.length === 0 && ociTypes

/** An image that is here already keeps its manifest, which a registry may know it by. */
async function asItIsHere(
  { catalog, content, documents }: ImageParts,
  hold: Hold,
  set: BuiltSet,
): Promise<BuiltSet> {
  const [image] = set.images
  const known = image && !set.isIndex ? catalog.get(image.id) : undefined
  if (!image || !known) return set
  await hold.use([known.manifest, ...known.layers.map(({ blob }) => blob)])
  if (!(await content.has(known.manifest))) return set
  const { manifest, size } = await documents.manifest(known.manifest)
  if (manifest.kind !== 'manifest') return set
  const top = { mediaType: manifest.mediaType, digest: known.manifest, size }
  return { ...set, top, images: [{ ...image, manifest: top, layers: manifest.layers }] }
}

async function push(
  parts: ImageParts,
  name: Reference,
  { target }: Stored,
  { pushByDigest }: ImagePlan,
  { credentials, report, signal }: PushOptions,
): Promise<void> {
  const record = { name: referenceKey(name), ...target }
  const access = await credentials(name.domain)
  const options = { byDigest: pushByDigest, ...(access && { credentials: access }) }
  try {
    await pushRecord(parts, record, options, report, signal)
  } catch (error) {
    signal.throwIfAborted()
    const kind = isKind(error) ? error.kind : 'System'
    throw new GantryError(kind, `failed to push ${familiarName(name)}: ${messageOf(error)}`, { cause: error })
  }
}

/** Brings back what the names stood for and takes away the images that were not there: nothing is to be stored. */
function restorer(parts: ImageParts, { images, top }: BuiltSet, names: readonly Reference[]): () => void {
  const { catalog } = parts
  const keys = names.flatMap((name) => {
    const { tag: _tag, ...untagged } = name
    return [referenceKey(name), referenceKey({ ...untagged, digest: top.digest })]
  })
  const references = keys.map((key): [string, ReferenceRecord | undefined] => [key, catalog.reference(key)])
  const records = images.map(({ id }): [Digest, ImageRecord | undefined] => [id, catalog.get(id)])
  return () =>
    catalog.transaction(() => {
      for (const [key, before] of references) {
        if (before) catalog.name(before)
        else catalog.unname(key)
      }
      for (const [id, before] of records) {
        if (before) catalog.put(before)
        else if (catalog.namesOf(id).length === 0) catalog.drop(id)
      }
    })
}
