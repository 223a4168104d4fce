/** `POST /images/{name}/push`: what the registry lacks of an image goes there, then its manifest under its name. */
import { GantryError, isKind } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  familiarName,
  familiarRepository,
  hexOf,
  parseReference,
  pushError,
  type Reference,
  type Repository,
} from '@gantry/oci'
import type { ImagePushOptions, ProgressMessage } from '../../contracts.ts'
import { referenceKey } from '../catalog.ts'
import type { ImageParts } from '../dependencies.ts'
import type { ReferenceRecord } from '../records.ts'
import { sendReferrers } from '../referrers/send-referrers.ts'
import { selectImage } from '../resolve.ts'
import type { Hold } from '../retention.ts'
import { asNamed, withVariants } from '../variants.ts'
import { compressImage } from './compress-image.ts'
import { compressIndex } from './compress-index.ts'
import { type PlannedBlob, type PushPlan, planImage, planPush } from './push-plan.ts'

type Report = (message: ProgressMessage) => void

/** Pushes a tag; without one, every tag of the repository. */
export async function pushImages(
  parts: ImageParts,
  reference: Reference,
  { credentials, headers, platform }: ImagePushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const repositoryName = `${reference.domain}/${reference.path}`
  report({ status: `The push refers to repository [${repositoryName}]` })
  const records = wantedTags(parts, reference)
  if (platform) for (const { name } of records) selectImage(parts, name, platform)
  const repository = parts.transfers.registries.repository(reference, {
    action: 'push',
    ...(credentials && { credentials }),
    ...(headers && { headers }),
  })
  for (const record of records) {
    await using hold = parts.retention.begin()
    if (record.index) await compressIndex(parts, record, hold, report, signal)
    else await compressImage(parts, record, hold, report, signal)
    const current = parts.catalog.reference(record.name) ?? record
    await new Push(parts, repository, current, report, signal).run(platform).catch((error) => {
      throw pushError(error)
    })
  }
}

function wantedTags({ catalog }: ImageParts, reference: Reference): ReferenceRecord[] {
  const inRepository = catalog
    .inRepository(reference)
    .filter(({ name, image }) => !parseReference(name).digest && catalog.get(image) !== undefined)
  if (inRepository.length === 0) {
    const problem = `An image does not exist locally with the tag: ${familiarRepository(reference)}`
    throw new GantryError('NotFound', problem)
  }
  if (reference.tag === undefined) return inRepository.sort((a, b) => (a.name < b.name ? -1 : 1))
  const record = catalog.reference(referenceKey(reference))
  if (!record) throw new GantryError('NotFound', `tag does not exist: ${familiarName(reference)}`)
  return [record]
}

/** Pushes what a name stands for, which need not be recorded; `byDigest` without the tag. */
export async function pushRecord(
  parts: ImageParts,
  record: ReferenceRecord,
  { byDigest, ...access }: Pick<ImagePushOptions, 'credentials' | 'headers'> & { byDigest: boolean },
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const repository = parts.transfers.registries.repository(parseReference(record.name), {
    action: 'push',
    ...access,
  })
  await new Push(parts, repository, record, report, signal, byDigest).run().catch((error) => {
    throw pushError(error)
  })
}

class Push {
  readonly #parts: ImageParts
  readonly #repository: Repository
  readonly #record: ReferenceRecord
  readonly #reference: Reference
  readonly #report: Report
  readonly #signal: AbortSignal
  readonly #byDigest: boolean

  constructor(
    parts: ImageParts,
    repository: Repository,
    record: ReferenceRecord,
    report: Report,
    signal: AbortSignal,
    byDigest = false,
  ) {
    this.#parts = parts
    this.#repository = repository
    this.#record = record
    this.#reference = parseReference(record.name)
    this.#report = report
    this.#signal = signal
    this.#byDigest = byDigest
  }

  async run(platform?: string): Promise<void> {
    const { retention, catalog, events, reached } = this.#parts
    const tag = this.#reference.tag ?? 'latest'
    await using hold = retention.begin()
    const plan = await this.#completePlan(platform)
    await hold.use(
      [plan.top, ...plan.manifests, ...plan.blobs.map(({ descriptor }) => descriptor)].map(
        ({ digest }) => digest,
      ),
    )
    await this.#sendBlobs(plan.blobs)
    reached('image.push.layers')
    for (const manifest of plan.manifests) await this.#putManifest(manifest.digest, manifest)
    await this.#putManifest(this.#byDigest ? plan.top.digest : tag, plan.top)
    await this.#sendReferrers(plan, hold)
    reached('image.push.manifest')
    const { digest, size } = plan.top
    this.#report({ status: `${tag}: digest: ${digest} size: ${size}` })
    this.#report({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } })
    this.#remember(plan)
    const image = catalog.get(this.#record.image)
    events.publish('image', 'push', familiarName(this.#reference), {
      ...image?.labels,
      name: familiarRepository(this.#reference),
    })
  }

  /** An index goes as a whole if the registry has what is not here; otherwise the image that is here goes alone. */
  async #completePlan(platform?: string): Promise<PushPlan> {
    const plan = await planPush(this.#parts, this.#record, platform)
    for (const absent of plan.absent)
      if (!(await this.#registryHas(absent))) return await this.#planAlone(plan)
    return plan
  }

  /** A registry that would not say has it not. */
  async #registryHas({ digest }: Descriptor): Promise<boolean> {
    try {
      await this.#repository.resolve(digest, { signal: this.#signal })
      return true
    } catch (error) {
      if (isKind(error, 'NotFound') || isKind(error, 'Forbidden')) return false
      throw error
    }
  }

  async #planAlone({ top }: PushPlan): Promise<PushPlan> {
    const image = this.#parts.catalog.get(this.#record.image)
    if (!image) throw new GantryError('NotFound', `No such image: ${familiarName(this.#reference)}`)
    const alone = await planImage(this.#parts, asNamed(image, this.#record))
    this.#report({
      progressDetail: {},
      aux: { manifestPushedInsteadOfIndex: true, originalIndex: top, selectedManifest: alone.top },
    })
    return alone
  }

  async #sendBlobs(blobs: readonly PlannedBlob[]): Promise<void> {
    const { uploads } = this.#parts.transfers
    for (const blob of blobs) this.#tell(blob, 'Preparing')
    const abort = new AbortController()
    const signal = AbortSignal.any([this.#signal, abort.signal])
    const sending = blobs.map((blob) =>
      uploads.run(
        () => this.#sendBlob(blob, signal),
        signal,
        () => this.#tell(blob, 'Waiting'),
      ),
    )
    try {
      await Promise.all(sending)
    } finally {
      abort.abort(new GantryError('Cancelled', 'another layer failed'))
      await Promise.allSettled(sending)
    }
  }

  /** What is there stays; what another repository of the registry has is taken over; only then bytes are sent. */
  async #sendBlob(blob: PlannedBlob, signal: AbortSignal): Promise<void> {
    const { content, transfers, reached } = this.#parts
    const { descriptor } = blob
    const { digest, size: total } = descriptor
    if (await this.#repository.hasBlob(digest, { signal })) return this.#sent(blob, 'Layer already exists')
    const { domain, path } = this.#repository
    for (const other of transfers.sources.of(digest, domain, path)) {
      if (await this.#repository.mountBlob(digest, other, { signal }))
        return this.#sent(blob, `Mounted from ${other}`)
    }
    await this.#repository.uploadBlob(descriptor, (offset) => content.readFrom(digest, offset), {
      signal,
      onProgress: (current) => {
        reached('image.push.upload')
        this.#tell(blob, 'Pushing', { current, total })
      },
    })
    reached('image.push.blob')
    this.#sent(blob, 'Pushed')
  }

  async #sendReferrers({ top, manifests }: PushPlan, hold: Hold): Promise<void> {
    const parts = this.#parts
    if (!parts.transfers.limits().referrers) return
    const sending = {
      send: (descriptor: Descriptor) => this.#sendBlob({ descriptor }, this.#signal),
      put: (manifest: Descriptor) => this.#putManifest(manifest.digest, manifest),
      report: this.#report,
    }
    const subjects = [...manifests, top].map(({ digest }) => digest)
    await parts.laterReferrers.settled(subjects, this.#signal)
    await sendReferrers(parts, hold, subjects, sending)
    this.#signal.throwIfAborted()
  }

  #sent(blob: PlannedBlob, status: string): void {
    this.#parts.transfers.sources.add(blob.descriptor.digest, this.#repository)
    this.#tell(blob, status)
  }

  /** Docker speaks of layers only, by what they unpack to. */
  #tell(
    { diffId }: PlannedBlob,
    status: string,
    progressDetail: ProgressMessage['progressDetail'] = {},
  ): void {
    if (diffId) this.#report({ status, progressDetail, id: hexOf(diffId).slice(0, 12) })
  }

  async #putManifest(tagOrDigest: string, { mediaType, digest }: Descriptor): Promise<void> {
    const bytes = await this.#parts.content.readAll(digest)
    await this.#repository.putManifest(tagOrDigest, { mediaType, bytes }, { signal: this.#signal })
  }

  /** The image is now known by its digest in this repository, too. */
  #remember({ top }: PushPlan): void {
    const { tag: _, ...repository } = this.#reference
    const { catalog } = this.#parts
    const { image, index, variants = [] } = this.#record
    const whole = index?.digest === top.digest ? { index } : {}
    const others = variants.filter(({ manifest }) => whole.index || manifest === top.digest)
    const isPushed = (id: Digest) => catalog.get(id)?.manifest === top.digest
    catalog.name({
      name: referenceKey({ ...repository, digest: top.digest }),
      image: index?.images.find(isPushed) ?? (whole.index ? undefined : others[0]?.image) ?? image,
      ...whole,
      ...withVariants(others),
    })
  }
}
