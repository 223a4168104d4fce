/** Automatic clean-up: which images go by a policy, least recently used first, and their removal. */
import { type Digest, familiarName, parseReference } from '@gantry/oci'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { removeAllOf } from './prune.ts'
import type { ImageRecord } from './records.ts'

/** Milliseconds, where no time is configured: what was just pulled is about to be used. */
const shortest = 3600 * 1000

/** With both limits, images go until `keepBytes` is met, but none that was used within `unusedFor`. */
export interface CollectionPolicy {
  /** Bytes that the layers of all images may have. */
  keepBytes?: number
  /** Milliseconds. */
  unusedFor?: number
  /** Images that have a name stay. */
  keepTagged: boolean
}

/** An image that goes, or would go. */
export interface Collectable {
  id: Digest
  names: string[]
  /** Bytes that go with it. */
  size: number
  lastUsed: Date
}

/** What goes by the policy. Images that a container or another image needs stay, whatever the policy says. */
export async function planCollection(
  parts: ImageParts,
  policy: CollectionPolicy,
  now: Date,
): Promise<Collectable[]> {
  const { catalog, layers, usersOfImage } = parts
  const staying = new Set(catalog.images())
  const users = new Map<Digest, number>()
  for (const image of [...staying, ...catalog.retired()])
    for (const chainId of new Set(chainOf(image))) users.set(chainId, (users.get(chainId) ?? 0) + 1)
  const sizes = new Map<Digest, number>()
  for (const chainId of await layers.list())
    if (users.has(chainId)) sizes.set(chainId, await layers.size(chainId))
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const candidates = [...staying]
    .filter((image) => usersOfImage(image.id).length === 0 && isOpen(parts, image, policy))
    .filter((image) => now.getTime() - lastUsed(image, now).getTime() >= (policy.unusedFor ?? shortest))
    .sort((a, b) => lastUsed(a, now).getTime() - lastUsed(b, now).getTime())
  const plan: Collectable[] = []
  while (policy.keepBytes === undefined || total > policy.keepBytes) {
    // An image that others were made from goes after them.
    const next = candidates.findIndex(({ id }) => ![...staying].some(({ parent }) => parent === id))
    const [image] = next < 0 ? [] : candidates.splice(next, 1)
    if (!image) break
    staying.delete(image)
    let size = 0
    for (const chainId of new Set(chainOf(image))) {
      const left = (users.get(chainId) ?? 1) - 1
      users.set(chainId, left)
      if (left === 0) size += sizes.get(chainId) ?? 0
    }
    total -= size
    const names = catalog.namesOf(image.id).map(({ name }) => familiarName(parseReference(name)))
    plan.push({ id: image.id, names, size, lastUsed: lastUsed(image, now) })
  }
  return plan
}

/** A name of an index stands for all of its images: where there are several, they are left to the user. */
function isOpen({ catalog }: ImageParts, { id }: ImageRecord, { keepTagged }: CollectionPolicy): boolean {
  const names = catalog.namesOf(id)
  return names.every(({ index }) => (index?.images.length ?? 1) === 1) && !(keepTagged && names.length > 0)
}

/** An image of which nothing is known counts as used now: its time begins. */
function lastUsed({ usedAt, taggedAt }: ImageRecord, now: Date): Date {
  const known = [usedAt, taggedAt].filter((time) => time !== undefined).map((time) => Date.parse(time))
  return known.length > 0 ? new Date(Math.max(...known)) : now
}

/** Removes what the plan names, as long as it is still unused. The caller sweeps afterwards. */
export async function collect(parts: ImageParts, plan: readonly Collectable[]): Promise<Collectable[]> {
  const gone: Collectable[] = []
  for (const each of plan) {
    const image = parts.catalog.get(each.id)
    if (!image || parts.usersOfImage(each.id).length > 0) continue
    await removeAllOf(parts, image, { noPrune: true })
    if (!parts.catalog.get(each.id)) gone.push(each)
  }
  return gone
}

/** Records that images that have containers, and those that were never recorded, are used now. */
export function noteUse({ catalog, usersOfImage }: ImageParts, now: Date): void {
  for (const image of catalog.images())
    if (usersOfImage(image.id).length > 0 || (!image.usedAt && !image.taggedAt)) markUsed(catalog, image, now)
}

/** Milliseconds that are not worth a write. */
const precision = 60_000

export function markUsed(catalog: ImageParts['catalog'], image: ImageRecord, now: Date): void {
  if (image.usedAt && now.getTime() - Date.parse(image.usedAt) < precision) return
  catalog.put({ ...image, usedAt: now.toISOString() })
}
