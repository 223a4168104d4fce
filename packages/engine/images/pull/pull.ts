/** `POST /images/create?fromImage=…`: from a reference to an image that can run. */
import { GantryError, isKind } from '@gantry/errors'
import {
  bestMatch,
  canonicalName,
  type Digest,
  familiarName,
  familiarRepository,
  parsePlatform,
  pullError,
  type Reference,
  type Repository,
  samePlatform,
} from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import { chainOf, referenceKey } from '../catalog.ts'
import type { ImageParts } from '../dependencies.ts'
import { joinIndex } from '../index-names.ts'
import { expectBlob, newRecord, readConfig } from '../read-image.ts'
import type { ImageRecord, ReferenceRecord } from '../records.ts'
import type { ReferrersRecord } from '../referrers/kept-referrers.ts'
import { searchReferrers } from '../referrers/search-referrers.ts'
import { selectImage } from '../resolve.ts'
import type { Hold } from '../retention.ts'
import type { TransferRequest } from '../transfer/transfers.ts'
import { asNamed } from '../variants.ts'
import { ImageFetcher, type RemoteImage, type Wish } from './fetch-image.ts'
import { pullLayers } from './pull-layers.ts'

export interface PullRequest extends TransferRequest {
  /** With a tag or digest, or with neither for `allTags`. */
  reference: Reference
  allTags?: boolean
  platform?: string
}

/** Pulls one image, or every tag of a repository. Rejects with NotFound in Docker's words, or RegistryError. */
export async function pullImages(
  parts: ImageParts,
  request: PullRequest,
  report: (message: ProgressMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const { reference, credentials, headers, allTags } = request
  const repository = parts.transfers.registries.repository(reference, {
    action: 'pull',
    ...(credentials && { credentials }),
    ...(headers && { headers }),
  })
  const { tag: _, ...whole } = reference
  try {
    let isNew = false
    const tags = allTags ? await repository.tags({ signal }) : [undefined]
    for (const tag of tags) {
      const each = tag === undefined ? reference : { ...whole, tag }
      if (await new Pull(parts, repository, each, request, report, signal).run()) isNew = true
    }
    const name = allTags ? familiarRepository(reference) : familiarName(reference)
    const image = parts.catalog.byName(reference)?.image
    const labels = allTags ? {} : image?.labels
    parts.events.publish('image', 'pull', name, { ...labels, name: familiarRepository(reference) })
    report({ status: `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${name}` })
    if (request.platform && !allTags) warnOfPlatform(parts, request, request.platform, report)
  } catch (error) {
    throw pullError(error, reference)
  }
}

/** An image that is for one platform only comes whichever was asked for, as with Docker; that is said. */
function warnOfPlatform(
  parts: ImageParts,
  { reference }: PullRequest,
  platform: string,
  report: (message: ProgressMessage) => void,
): void {
  try {
    selectImage(parts, familiarName(reference), platform)
  } catch (error) {
    if (!isKind(error, 'NotFound')) throw error
    report({ status: `WARNING: ${error.message}` })
  }
}

class Pull {
  readonly #parts: ImageParts
  readonly #repository: Repository
  readonly #reference: Reference
  readonly #wish: Wish
  readonly #report: (message: ProgressMessage) => void
  readonly #signal: AbortSignal

  constructor(
    parts: ImageParts,
    repository: Repository,
    reference: Reference,
    { platform }: PullRequest,
    report: (message: ProgressMessage) => void,
    signal: AbortSignal,
  ) {
    this.#parts = parts
    this.#repository = repository
    this.#reference = reference
    this.#wish = platform
      ? { platform: parsePlatform(platform, parts.host), exactly: true }
      : { platform: parts.host, exactly: false }
    this.#report = report
    this.#signal = signal
  }

  /** Resolves to whether there is something now that was not there before. */
  async run(): Promise<boolean> {
    const { tag, digest, path } = this.#reference
    await using hold = this.#parts.retention.begin()
    const known = await this.#known(hold)
    if (known) {
      this.#begin(path, tag)
      this.#report({ status: `Digest: ${known}` })
      return false
    }
    const remote = await new ImageFetcher(this.#repository, hold, this.#signal).fetch(
      digest ?? tag ?? 'latest',
      this.#wish,
    )
    this.#parts.reached('image.pull.manifest')
    const image = await this.#describe(remote)
    this.#begin(path, tag)
    await hold.keep([...image.layers.map(({ blob }) => blob), ...chainOf(image)])
    const referrers = await this.#pullContent(image, remote, hold)
    // What was here already was not measured while it came.
    const { config, layers } = remote.manifest
    for (const each of [config, ...layers]) await expectBlob(this.#parts.content, each)
    for (const { blob } of image.layers) this.#parts.transfers.sources.add(blob, this.#repository)
    this.#parts.reached('image.pull.layers')
    this.#register(image, remote, referrers)
    this.#parts.reached('image.pull.registered')
    this.#report({ status: `Digest: ${remote.top.digest}` })
    return true
  }

  /** The layers, and what says something about the image meanwhile. */
  async #pullContent(image: ImageRecord, remote: RemoteImage, hold: Hold): Promise<ReferrersRecord[]> {
    await using referrers = searchReferrers(this.#parts, {
      repository: this.#repository,
      subjects: [remote.top.digest, remote.manifestDigest],
      hold,
      signal: this.#signal,
    })
    await pullLayers(this.#parts, {
      repository: this.#repository,
      image,
      descriptors: remote.manifest.layers,
      isKnown: this.#parts.catalog.get(image.id) !== undefined,
      report: this.#report,
      signal: this.#signal,
    })
    return await referrers.found
  }

  /** The digest, when the registry's answer to one question is that what is here is what is wanted. */
  async #known(hold: Hold): Promise<Digest | undefined> {
    const { catalog } = this.#parts
    const { digest, tag } = this.#reference
    const record = catalog.reference(referenceKey(this.#reference))
    const image = record && this.#suiting(record)
    if (!record || !image) return undefined
    const here = record.index?.digest ?? image.manifest
    await hold.use([...image.layers.map(({ blob }) => blob), ...chainOf(image)])
    const isCurrent = digest
      ? digest === here
      : this.#isCurrent(tag ?? 'latest', { top: here, manifest: image.manifest })
    // The disk is looked at while the registry thinks.
    const answers = await Promise.all([isCurrent, this.#isWhole(image)])
    return answers.every(Boolean) ? here : undefined
  }

  /** Whether the registry has the same under the tag. What has been said about it since comes later. */
  async #isCurrent(tag: string, here: { top: Digest; manifest: Digest }): Promise<boolean> {
    const there = await this.#repository.resolve(tag, { signal: this.#signal })
    if (there.digest !== here.top) return false
    this.#parts.laterReferrers.look(familiarRepository(this.#reference), this.#repository, [
      here.top,
      here.manifest,
    ])
    return true
  }

  /** Which of the images under a name is the wanted one. */
  #suiting(reference: ReferenceRecord): ImageRecord | undefined {
    const { catalog } = this.#parts
    const { image, index } = reference
    const offers = (index?.images ?? [image])
      .map((id) => catalog.get(id))
      .filter((each) => each !== undefined)
      .map((each) => asNamed(each, reference))
    const { platform, exactly } = this.#wish
    if (!index) return offers[0]
    return exactly
      ? offers.find((offer) => samePlatform(platform, offer))
      : offers[bestMatch(platform, offers)]
  }

  async #isWhole(image: ImageRecord): Promise<boolean> {
    const { content, layers } = this.#parts
    const blobs = [image.manifest, image.id, ...image.layers.map(({ blob }) => blob)]
    const parts = [
      ...blobs.map((digest) => content.has(digest)),
      ...chainOf(image).map((chainId) => layers.has(chainId)),
    ]
    return (await Promise.all(parts)).every(Boolean)
  }

  async #describe({ manifest, manifestDigest }: RemoteImage): Promise<ImageRecord> {
    const file = await readConfig(this.#parts.content, manifest.config.digest)
    if (file.os !== this.#parts.host.os) {
      throw new GantryError(
        'InvalidParameter',
        `image operating system "${file.os}" cannot be used on this platform`,
      )
    }
    if (file.diffIds.length !== manifest.layers.length) {
      const counts = `expected ${file.diffIds.length}, got ${manifest.layers.length}`
      throw new GantryError('InvalidParameter', `invalid manifest, layers length mismatch: ${counts}`)
    }
    return newRecord(file, manifestDigest, manifest)
  }

  #begin(path: string, tag: string | undefined): void {
    const { digest, tag: _, ...repository } = this.#reference
    const id = digest ? canonicalName({ ...repository, digest }) : (tag ?? 'latest')
    this.#report({ status: `Pulling from ${path}`, id })
  }

  /** The image under its tag and its digest; with an index, beside the images of it that came before. */
  #register(image: ImageRecord, { top, index }: RemoteImage, referrers: readonly ReferrersRecord[]): void {
    const { catalog } = this.#parts
    const { tag, digest, ...repository } = this.#reference
    const names = [referenceKey({ ...repository, digest: top.digest })]
    if (!digest) names.push(referenceKey({ ...repository, tag: tag ?? 'latest' }))
    catalog.transaction(() => {
      const { retired: _, ...known } = catalog.get(image.id) ?? image
      const now = new Date().toISOString()
      catalog.put({
        ...known,
        manifest: image.manifest,
        layers: image.layers,
        ...(!digest && { taggedAt: now }),
      })
      const joined = index && joinIndex(this.#parts, index, [image.id])
      const target = joined?.target ?? { image: image.id }
      for (const name of new Set([...names, ...(joined?.names ?? []).map((each) => each.name)]))
        catalog.name({ name, ...target })
      for (const record of referrers) catalog.referrers.add(record)
    })
  }
}
