/** `POST /images/load`: from an archive's bytes to images with names. */
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import {
  familiarName,
  formatPlatform,
  hexOf,
  type Platform,
  parsePlatform,
  type Reference,
  samePlatform,
} from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import { inBatches } from '../batches.ts'
import { chainOf, referenceKey } from '../catalog.ts'
import { announce, type ImageParts } from '../dependencies.ts'
import { joinIndex } from '../index-names.ts'
import type { ImageRecord, ReferenceRecord } from '../records.ts'
import { unpackImage } from '../unpack-image.ts'
import { variantsBeside, withVariants } from '../variants.ts'
import { ArrivingFiles } from './arriving-files.ts'
import { readDockerArchive } from './docker-archive.ts'
import { checkNames, type Loadable, type Loaded } from './loadable.ts'
import { readOciLayout } from './oci-layout.ts'
import { type Spooled, spoolArchive } from './spool.ts'

/**
 * Loads every image of an archive. Layers are unpacked before an image gets its record, so an image that is listed can
 * run. When something fails, images that were complete stay, as with Docker; of the rest nothing is left.
 */
export async function loadArchive(
  parts: ImageParts,
  archive: Readable,
  report: (message: ProgressMessage) => void,
  quiet: boolean,
  platforms: string[] = [],
): Promise<void> {
  await using hold = parts.retention.begin()
  const tell = quiet ? undefined : report
  await using arriving = new ArrivingFiles(parts, hold, (name, current, total) =>
    tell?.({ status: 'Loading layer', progressDetail: { current, total }, id: shortId(name) }),
  )
  const spooled = await spoolArchive(archive, arriving)
  const { loadables, referrers } = await readImages(parts, spooled, hold)
  checkNames(loadables)
  for (const found of loadables) {
    const loadable = onlyFor(found, platforms, parts.host)
    await hold.keep(loadable.images.flatMap(chainOf))
    await unpackImage(parts, loadable.images[0], tell, arriving)
    await register(parts, loadable, report)
  }
  if (!parts.transfers.limits().referrers) return
  // What is about images that were not wanted goes with the next sweep.
  parts.catalog.transaction(() => {
    for (const record of referrers) parts.catalog.referrers.add(record)
  })
}

/** Archives call a layer by its digest, or by a directory that has an id for its name. */
const shortId = (name: string): string => (/[0-9a-f]{64}/.exec(name)?.[0] ?? name).slice(0, 12)

/** What is for one of the platforms; all of it when none is named. Throws NotFound when nothing is. */
function onlyFor(loadable: Loadable, platforms: string[], host: Platform): Loadable {
  if (platforms.length === 0) return loadable
  const wanted = platforms.map((platform) => parsePlatform(platform, host))
  const [first, ...others] = loadable.images.filter((image) =>
    wanted.some((each) => samePlatform(each, image)),
  )
  if (!first) {
    const names = wanted.map(formatPlatform).join(', ')
    throw new GantryError('NotFound', `the archive has no image for platform ${names}`)
  }
  const { index, names, ownManifests } = loadable
  const images: Loadable['images'] = [first, ...others]
  return {
    names,
    images,
    ownManifests,
    ...(index && { index: { ...index, images: images.map(({ id }) => id) } }),
  }
}

/** A layout is preferred: it keeps manifests, and so digests, as they were made. */
async function readImages(
  { content, host }: ImageParts,
  spooled: Spooled,
  hold: Parameters<typeof readOciLayout>[2],
): Promise<Loaded> {
  const isLayout = spooled.find('oci-layout') !== undefined && spooled.find('index.json') !== undefined
  if (isLayout) return await readOciLayout(spooled, content, hold, host)
  return { loadables: await readDockerArchive(spooled, content, hold), referrers: [] }
}

async function register(
  parts: ImageParts,
  { images, names, index, ownManifests }: Loadable,
  report: (message: ProgressMessage) => void,
): Promise<void> {
  const { catalog } = parts
  const [main] = images
  const isChanged = (name: Reference) => {
    const known = catalog.reference(referenceKey(name))
    return known?.image !== main.id && !(index && known?.index?.digest === index.digest)
  }
  const name = (some: readonly Reference[]) => {
    for (const each of some.filter(isChanged)) reportRenaming(parts, each, report)
    catalog.transaction(() => {
      for (const image of images) putImage(parts, image, some.some(isChanged))
      const target = targetOf(parts, { images, index, ownManifests })
      for (const each of some) catalog.name({ name: referenceKey(each), ...target })
    })
  }
  if (names.length === 0) name([])
  await inBatches(names, name)
  announce(parts, 'load', main.id)
  for (const each of names) report({ stream: `Loaded image: ${familiarName(each)}\n` })
  if (names.length === 0) report({ stream: `Loaded image ID: ${main.id}\n` })
}

/** What a name of the images stands for. Other names of their index stand for them as well. */
function targetOf(
  parts: ImageParts,
  { images, index, ownManifests }: Pick<Loadable, 'images' | 'index' | 'ownManifests'>,
): Omit<ReferenceRecord, 'name'> {
  const { catalog } = parts
  const others = ownManifests ? images.flatMap((image) => variantsBeside(catalog.get(image.id), image)) : []
  const [main, ...rest] = images
  if (!index) return { image: main.id, ...withVariants(others) }
  const { target, names } = joinIndex(parts, index, [main.id, ...rest.map(({ id }) => id)])
  const all = withVariants([...(target.variants ?? []), ...others])
  for (const known of names) {
    if (!known.index || known.index.images.length === target.index.images.length) continue
    catalog.name({ ...known, ...target, ...all, index: { ...known.index, ...target.index } })
  }
  return { ...target, ...all }
}

/** What is known of the image here (its parent, its last tag) stays; one that was removed but kept is back. */
function putImage({ catalog }: ImageParts, image: ImageRecord, tagged: boolean): void {
  const { retired: _retired, ...known } = catalog.get(image.id) ?? image
  catalog.put({ ...known, ...(tagged && { taggedAt: new Date().toISOString() }) })
}

function reportRenaming(
  { catalog }: ImageParts,
  name: Reference,
  report: (message: ProgressMessage) => void,
): void {
  const old = catalog.reference(referenceKey(name))
  if (!old) return
  report({
    stream: `The image ${familiarName(name)} already exists, renaming the old one with ID ${hexOf(old.image)} to empty string\n`,
  })
}
