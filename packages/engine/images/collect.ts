/** Automatic clean-up: which images go by a policy, least recently used first, and their removal. */
import { type Digest, familiarName, parseReference } from '@gantry/oci'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import type { ImageRecord } from './records.ts'
import { removeUnused } from './remove.ts'

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
  /** Bytes that go with it: those of layers that nothing else needs, no other image and no build. */
  size: number
  lastUsed: Date
}

/** What goes by the policy, in groups that go together. Images that a container or another image needs stay, whatever the policy says. */
export async function planCollection(
  parts: ImageParts,
  policy: CollectionPolicy,
  now: Date,
): Promise<Collectable[][]> {
  const { catalog, layers, retention } = parts
  const images = catalog.images()
  const neededByOthers = retention.neededByOthers()
  const staying = new Set(images)
  const users = new Map<Digest, number>()
  for (const image of [...staying, ...catalog.retired()])
    for (const chainId of new Set(chainOf(image))) users.set(chainId, (users.get(chainId) ?? 0) + 1)
  const sizes = new Map<Digest, number>()
  for (const chainId of await layers.list())
    if (users.has(chainId)) sizes.set(chainId, await layers.size(chainId))
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const candidates = groupsOf(parts, images)
    .filter((group) => isOpen(parts, group, policy))
    .map((group) => ({ group, used: Math.max(...group.map((image) => lastUsed(image, now).getTime())) }))
    .filter(({ used }) => now.getTime() - used >= (policy.unusedFor ?? shortest))
    .sort((a, b) => a.used - b.used)
  const plan: Collectable[][] = []
  while (policy.keepBytes === undefined || total > policy.keepBytes) {
    // An image that others were made from goes after them.
    const isParent = ({ id }: ImageRecord, group: ImageRecord[]) =>
      [...staying].some((image) => image.parent === id && !group.includes(image))
    const next = candidates.findIndex(({ group }) => !group.some((image) => isParent(image, group)))
    const [chosen] = next < 0 ? [] : candidates.splice(next, 1)
    if (!chosen) break
    plan.push(
      chosen.group.map((image) => {
        staying.delete(image)
        const names = catalog.namesOf(image.id).map(({ name }) => familiarName(parseReference(name)))
        return { id: image.id, names, size: release(image), lastUsed: lastUsed(image, now) }
      }),
    )
  }
  return plan

  /** Counts one user less of each layer; returns the bytes that then go. */
  function release(image: ImageRecord): number {
    let freed = 0
    for (const chainId of new Set(chainOf(image))) {
      const left = (users.get(chainId) ?? 1) - 1
      users.set(chainId, left)
      if (left > 0) continue
      const size = sizes.get(chainId) ?? 0
      total -= size
      if (!neededByOthers.has(chainId)) freed += size
    }
    return freed
  }
}

/** A name of an index stands for all of its images, so these stay or go together. */
function groupsOf({ catalog }: ImageParts, images: readonly ImageRecord[]): ImageRecord[][] {
  const groupOf = new Map(images.map((image) => [image.id, [image]]))
  for (const { index } of catalog.references()) {
    const groups = new Set(
      (index?.images ?? []).map((id) => groupOf.get(id)).filter((group) => group !== undefined),
    )
    const joined = [...groups].flat()
    for (const { id } of joined) groupOf.set(id, joined)
  }
  return [...new Set(groupOf.values())]
}

function isOpen(
  { catalog, usersOfImage }: ImageParts,
  group: readonly ImageRecord[],
  { keepTagged }: CollectionPolicy,
): boolean {
  return group.every(
    ({ id }) => usersOfImage(id).length === 0 && !(keepTagged && catalog.namesOf(id).length > 0),
  )
}

/** An image of which nothing is known counts as used now: its time begins. */
function lastUsed({ usedAt, taggedAt }: ImageRecord, now: Date): Date {
  const known = [usedAt, taggedAt].filter((time) => time !== undefined).map((time) => Date.parse(time))
  return known.length > 0 ? new Date(Math.max(...known)) : now
}

/** Removes what the plan names, as long as it is still unused. The caller sweeps afterwards. */
export async function collect(parts: ImageParts, plan: readonly Collectable[][]): Promise<Collectable[]> {
  const { catalog, usersOfImage } = parts
  const gone: Collectable[] = []
  for (const group of plan) {
    const present = group.filter(({ id }) => catalog.get(id))
    if (present.some(({ id }) => usersOfImage(id).length > 0)) continue
    for (const { id } of present) {
      const image = catalog.get(id)
      // With the last name of an index all of its images go.
      if (image) await removeUnused(parts, image, { noPrune: true })
    }
    gone.push(...present.filter(({ id }) => !catalog.get(id)))
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

/** Notes when the image was used last, for the collection by age. Written once a minute at most. */
export function markUsed(catalog: ImageParts['catalog'], image: ImageRecord, now: Date): void {
  if (image.usedAt && now.getTime() - Date.parse(image.usedAt) < precision) return
  catalog.put({ ...image, usedAt: now.toISOString() })
}
