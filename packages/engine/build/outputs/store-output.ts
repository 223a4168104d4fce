/** Images of a build among the images of this machine. */
import { bestMatch, type Digest, parseReference, type Reference } from '@gantry/oci'
import { chainOf, referenceKey } from '../../images/catalog.ts'
import { announce, type ImageParts } from '../../images/dependencies.ts'
import { newRecord } from '../../images/read-image.ts'
import type { ImageRecord, ReferenceRecord } from '../../images/records.ts'
import type { Hold } from '../../images/retention.ts'
import { nameImage } from '../../images/tag.ts'
import { unpackImage } from '../../images/unpack-image.ts'
import type { BuiltImage, BuiltSet } from './assemble.ts'

export interface Stored {
  /** The image that names stand for on this machine. */
  main: Digest
  target: Omit<ReferenceRecord, 'name'>
}

/** Unpacks what is not unpacked yet, and records every image. Announces `create` for those that are new. */
export async function storeSet(parts: ImageParts, hold: Hold, set: BuiltSet): Promise<Stored> {
  const { catalog, host } = parts
  const records: ImageRecord[] = []
  for (const image of set.images) {
    const record = recordOf(image)
    await hold.keep(chainOf(record))
    await unpackImage(parts, record)
    records.push(record)
  }
  const created = records.filter(({ id }) => !catalog.get(id) || catalog.get(id)?.retired)
  catalog.transaction(() => {
    for (const record of records) {
      const { retired: _retired, intermediate: _intermediate, ...known } = catalog.get(record.id) ?? record
      catalog.put({ ...known, manifest: record.manifest, layers: record.layers })
    }
  })
  for (const { id } of created) announce(parts, 'create', id)
  const main = (records[bestMatch(host, records)] ?? records[0])?.id as Digest
  const images = [main, ...records.map(({ id }) => id).filter((id) => id !== main)]
  const index = { digest: set.top.digest, images, blobs: set.attestations, madeHere: true }
  return { main, target: { image: main, ...(set.isIndex && { index }) } }
}

function recordOf({ file, manifest, layers, id }: BuiltImage): ImageRecord {
  const config = { mediaType: manifest.mediaType, digest: id, size: 0 }
  return newRecord(file, manifest.digest, { config, layers })
}

/** Names the images; `canonical` also with the digest. */
export function nameSet(
  parts: ImageParts,
  set: BuiltSet,
  { target }: Stored,
  { names, canonical, danglingPrefix }: NamesWanted,
): void {
  const { digest } = set.top
  const dangling =
    names.length === 0 && danglingPrefix !== undefined ? [{ ...parseReference(danglingPrefix), digest }] : []
  const canonicals = canonical ? names.map(({ tag: _tag, ...name }) => ({ ...name, digest })) : []
  for (const name of names) nameImage(parts, name, target)
  for (const name of [...dangling, ...canonicals]) {
    parts.catalog.name({ name: referenceKey(name), ...target })
  }
}

export interface NamesWanted {
  names: readonly Reference[]
  canonical: boolean
  danglingPrefix: string | undefined
}
