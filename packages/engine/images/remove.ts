/** Removing names and images, by Docker's rules of what may go with and without force. */
import type { ImageDeleteResponseItem } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import {
  bestMatch,
  type Digest,
  familiarName,
  hexOf,
  parseReference,
  type Reference,
  repositoryOf,
} from '@gantry/oci'
import type { ImageRemoveOptions } from '../contracts.ts'
import { inBatches } from './batches.ts'
import { chainOf, type Found } from './catalog.ts'
import { announce, type ImageParts } from './dependencies.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'
import { selectImage } from './resolve.ts'
import { withVariants } from './variants.ts'

const short = (id: string): string => id.replace('sha256:', '').slice(0, 12)

/** `DELETE /images/{name}`: what was untagged and deleted, in order. The caller sweeps afterwards. */
export async function removeImage(
  parts: ImageParts,
  text: string,
  { force = false, noPrune = false, platforms = [] }: ImageRemoveOptions,
): Promise<ImageDeleteResponseItem[]> {
  const found = parts.catalog.find(text)
  const removal = new Removal(parts, force)
  const chosen = platforms.map((platform) => selectImage(parts, text, platform))
  if (chosen.length > 0 && !isWhole(parts, found, chosen)) await removal.byPlatform(chosen)
  else if (isIdPrefix(found.image.id, text)) await removal.byId(found.image, noPrune)
  else await removal.byName(found, text, noPrune)
  return removal.items
}

/** An image that nobody uses goes with all of its names; what turns out to be needed stays. The caller sweeps afterwards. */
export async function removeUnused(
  parts: ImageParts,
  image: ImageRecord,
  { noPrune = false }: Pick<ImageRemoveOptions, 'noPrune'> = {},
): Promise<ImageDeleteResponseItem[]> {
  const removal = new Removal(parts, false)
  const known = parts.catalog.get(image.id)
  if (!known || known.retired) return []
  const names = parts.catalog.namesOf(image.id)
  try {
    if (names.length > 0) await removal.byAllNames(image, names, noPrune)
    else await removal.byId(image, noPrune)
  } catch (error) {
    if (!isKind(error, 'Conflict')) throw error
  }
  return removal.items
}

/** Whether these are all that the image's names stand for. */
function isWhole({ catalog }: ImageParts, { image, reference }: Found, chosen: ImageRecord[]): boolean {
  const members = membersOf(reference ? [reference] : catalog.namesOf(image.id))
  return members.every((id) => chosen.some((each) => each.id === id))
}

function isIdPrefix(id: Digest, text: string): boolean {
  return id.startsWith(text) || hexOf(id).startsWith(text)
}

class Removal {
  readonly #parts: ImageParts
  readonly #force: boolean
  readonly items: ImageDeleteResponseItem[] = []

  constructor(parts: ImageParts, force: boolean) {
    this.#parts = parts
    this.#force = force
  }

  /** A name goes; the image goes with its last one, unless something needs it. */
  async byName({ image, reference }: Found, text: string, noPrune: boolean): Promise<void> {
    const { catalog, usersOfImage } = this.#parts
    const [user] = usersOfImage(image.id)
    if (!this.#force && user && areOneRepository(catalog.namesOf(image.id))) {
      throw new GantryError(
        'Conflict',
        `conflict: unable to remove repository reference "${text}" (must force) - container ${short(user.id)} is using its referenced image ${short(image.id)}`,
      )
    }
    if (reference) this.#untagWithDigests(image, reference)
    if (catalog.namesOf(image.id).length === 0) await this.#delete(image, noPrune, { quiet: true })
    await this.#deleteMembers(membersOf([reference]))
  }

  /** As name by name. */
  async byAllNames(image: ImageRecord, names: readonly ReferenceRecord[], noPrune: boolean): Promise<void> {
    const { catalog, usersOfImage } = this.#parts
    if (usersOfImage(image.id).length > 0) return
    const references = names.map(({ name }) => parseReference(name))
    const tagged = new Set(references.filter(({ digest }) => !digest).map(repositoryOf))
    await this.#untagAll(image, names, ({ digest, ...rest }) => !digest || !tagged.has(repositoryOf(rest)))
    if (catalog.namesOf(image.id).length === 0) await this.#delete(image, noPrune, { quiet: true })
    await this.#deleteMembers(membersOf(names))
  }

  async byId(image: ImageRecord, noPrune: boolean): Promise<void> {
    const names = this.#parts.catalog.namesOf(image.id)
    const siblings = membersOf(names)
    if (areOneRepository(names)) {
      this.#refuse(image, { ignoreNames: true })
      await this.#untagAll(image, names)
    }
    await this.#delete(image, noPrune, { quiet: false })
    await this.#deleteMembers(siblings)
  }

  /** Images of single platforms go; names that stand for others as well stay with those. */
  async byPlatform(images: ImageRecord[]): Promise<void> {
    const { catalog } = this.#parts
    for (const image of images) this.#refuse(image, { ignoreNames: true })
    for (const image of images) {
      for (const reference of catalog.namesOf(image.id)) this.#leaveOut(image, reference)
      await this.#drop(image)
    }
  }

  #leaveOut(image: ImageRecord, reference: ReferenceRecord): void {
    const { catalog, host } = this.#parts
    const { variants = [], ...named } = reference
    const { index } = named
    const ids = index?.images.filter((id) => id !== image.id) ?? []
    const rest = ids.flatMap((id) => catalog.get(id) ?? [])
    const best = rest[bestMatch(host, rest)] ?? rest[0]
    const others = withVariants(variants.filter((each) => each.image !== image.id))
    if (index && best) catalog.name({ ...named, ...others, image: best.id, index: { ...index, images: ids } })
    else this.#untag(image, reference)
  }

  /** An image's last tag of a repository takes the repository's digests with it, each platform's own as well. */
  #untagWithDigests(image: ImageRecord, reference: ReferenceRecord): void {
    this.#untag(image, reference)
    const removed = parseReference(reference.name)
    if (removed.digest) return
    for (const id of new Set([image.id, ...membersOf([reference])])) {
      const rest = this.#parts.catalog
        .namesOf(id)
        .filter(({ name }) => repositoryOf(parseReference(name)) === repositoryOf(removed))
      // As in Docker, these are told to who asked, and to nobody else.
      if (rest.every(({ name }) => parseReference(name).digest))
        for (const digest of rest) this.#unname(digest)
    }
  }

  #untag(image: ImageRecord, reference: ReferenceRecord): void {
    this.#unname(reference)
    announce(this.#parts, 'untag', image.id)
  }

  /**
   * Many at once: one transaction for each of very many names would hold up everybody else, and so would one for all.
   * `isTold` says whose end is an event.
   */
  async #untagAll(
    image: ImageRecord,
    names: readonly ReferenceRecord[],
    isTold: (reference: Reference) => boolean = () => true,
  ): Promise<void> {
    await inBatches(names.toSorted(byName), (batch) => {
      this.#parts.catalog.transaction(() => {
        for (const reference of batch) this.#unname(reference)
      })
      for (const { name } of batch) if (isTold(parseReference(name))) announce(this.#parts, 'untag', image.id)
    })
  }

  #unname({ name }: ReferenceRecord): void {
    this.#parts.catalog.unname(name)
    this.items.push({ Untagged: familiarName(parseReference(name)) })
  }

  async #delete(image: ImageRecord, noPrune: boolean, { quiet }: { quiet: boolean }): Promise<void> {
    const { catalog, usersOfImage } = this.#parts
    const users = usersOfImage(image.id)
    try {
      this.#refuse(image, {})
    } catch (error) {
      // After an untag, an image that something still needs simply stays.
      if (quiet && (users.length > 0 || catalog.namesOf(image.id).length > 0 || this.#isParent(image))) return
      throw error
    }
    // Names may come while many others go: the image goes in the turn in which it has none.
    for (let names = catalog.namesOf(image.id); names.length > 0; names = catalog.namesOf(image.id))
      await this.#untagAll(image, names)
    await this.#drop(image)
    if (!noPrune && image.parent) await this.#pruneParent(image.parent)
  }

  /** The record goes, or is kept for containers alone; layers that nothing else has are told of, top first. */
  async #drop(image: ImageRecord): Promise<void> {
    const { catalog, retention, usersOfImage, events, layers } = this.#parts
    if (usersOfImage(image.id).length > 0) catalog.put({ ...image, retired: true })
    else catalog.drop(image.id)
    events.publish('image', 'delete', image.id, { name: image.id })
    this.items.push({ Deleted: image.id })
    const live = catalog.liveLayers().union(retention.neededByOthers())
    for (const chainId of chainOf(image).toReversed()) {
      if (!live.has(chainId) && (await layers.has(chainId))) this.items.push({ Deleted: chainId })
    }
  }

  /** An untagged image that was only there as a base goes too, also when nobody has made those between them images. */
  async #pruneParent(id: Digest): Promise<void> {
    const { catalog, intermediates } = this.#parts
    const parent = catalog.get(id)
    const beyond = parent ? undefined : intermediates.get(id)?.parent
    if (beyond) return this.#pruneParent(beyond)
    if (!parent || parent.retired || catalog.namesOf(id).length > 0) return
    const removal = new Removal(this.#parts, false)
    await removal.#delete(parent, false, { quiet: true }).catch(() => {})
    this.items.push(...removal.items)
  }

  /** Images of an index that nothing needs any more, now that a name of it has gone. */
  async #deleteMembers(members: Digest[]): Promise<void> {
    const { catalog, usersOfImage } = this.#parts
    for (const id of members) {
      const image = catalog.get(id)
      if (!image || image.retired) continue
      const isNamed = catalog.namesOf(id).length > 0
      if (!isNamed && usersOfImage(id).length === 0 && !this.#isParent(image)) await this.#drop(image)
    }
  }

  #isParent({ id }: ImageRecord): boolean {
    return this.#parts.catalog.images().some(({ parent }) => parent === id)
  }

  /** Throws Conflict when the image must stay: for good, or (without force) for now. */
  #refuse(image: ImageRecord, { ignoreNames = false }: { ignoreNames?: boolean }): void {
    const { catalog, usersOfImage } = this.#parts
    const users = usersOfImage(image.id)
    const conflict = (hard: boolean, why: string) =>
      new GantryError(
        'Conflict',
        `conflict: unable to delete ${short(image.id)} (${hard ? 'cannot' : 'must'} be forced) - ${why}`,
      )
    if (this.#isParent(image)) {
      throw conflict(true, 'image has dependent child images')
    }
    const running = users.find((user) => user.running)
    if (running) throw conflict(true, `image is being used by running container ${short(running.id)}`)
    if (this.#force) return
    if (!ignoreNames && catalog.namesOf(image.id).length > 0) {
      throw conflict(false, 'image is referenced in multiple repositories')
    }
    const [stopped] = users
    if (stopped) throw conflict(false, `image is being used by stopped container ${short(stopped.id)}`)
  }
}

/** The order in which Docker tells of names. */
export const byName = (a: ReferenceRecord, b: ReferenceRecord): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

/** At most one tag, and digests of the same repository only. */
function areOneRepository(names: ReferenceRecord[]): boolean {
  if (names.length <= 1) return true
  const repositories = new Set<string>()
  let tags = 0
  // Of very many names, the first few tell.
  for (const { name } of names) {
    const reference = parseReference(name)
    if (!reference.digest) tags++
    repositories.add(repositoryOf(reference))
    if (tags > 1 || repositories.size > 1) return false
  }
  return true
}

function membersOf(references: readonly (ReferenceRecord | undefined)[]): Digest[] {
  return [...new Set(references.flatMap((reference) => reference?.index?.images ?? []))]
}
