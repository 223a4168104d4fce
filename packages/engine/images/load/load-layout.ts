/** An image layout that a build uses for a base: loaded under a name of its own, for as long as the build lasts. */
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { type Descriptor, type Digest, largestManifest, parseManifest, type Reference } from '@gantry/oci'
import { chainOf, referenceKey } from '../catalog.ts'
import type { ImageParts } from '../dependencies.ts'
import { unpackImage } from '../unpack-image.ts'
import { variantsBeside, withVariants } from '../variants.ts'
import { ArrivingFiles } from './arriving-files.ts'
import { readTop } from './oci-layout.ts'
import { spoolArchive } from './spool.ts'

/** Which image of a layout: the one of a digest or a tag, else the only one. */
export interface LayoutChoice {
  tag?: string
  digest?: Digest
}

/** Disposing of what this resolves to takes the image away again. Rejects with InvalidParameter, NotFound. */
export async function loadLayout(
  parts: ImageParts,
  archive: Readable,
  wanted: LayoutChoice,
  name: Reference,
): Promise<AsyncDisposable> {
  const { catalog, content, retention } = parts
  await using undo = new AsyncDisposableStack()
  const hold = undo.use(retention.begin())
  await using arriving = new ArrivingFiles(parts, hold, () => {})
  const spooled = await spoolArchive(archive, arriving)
  const top = parseManifest(await content.readAll(spooled.get('index.json').digest, largestManifest))
  if (top.kind !== 'index')
    throw new GantryError('InvalidParameter', 'index.json of the layout is no image index')
  const { images, index } = await readTop(choose(top.manifests, wanted), content, hold, parts.host)
  await hold.keep(images.flatMap(chainOf))
  await unpackImage(parts, images[0], () => {}, arriving)
  const added = images.filter(({ id }) => !catalog.get(id))
  const key = referenceKey(name)
  catalog.transaction(() => {
    for (const image of added) catalog.put(image)
    const others = images.flatMap((image) => variantsBeside(catalog.get(image.id), image))
    catalog.name({ name: key, image: images[0].id, ...(index && { index }), ...withVariants(others) })
  })
  undo.defer(() => {
    catalog.transaction(() => {
      catalog.unname(key)
      for (const { id } of added)
        if (catalog.namesOf(id).length === 0 && parts.usersOfImage(id).length === 0) catalog.drop(id)
    })
  })
  return undo.move()
}

function choose(manifests: readonly Descriptor[], { tag, digest }: LayoutChoice): Descriptor {
  const tagOf = ({ annotations }: Descriptor) => annotations?.['org.opencontainers.image.ref.name']
  const named = (name: string) =>
    manifests.find((each) => tagOf(each) === name || tagOf(each)?.endsWith(`:${name}`))
  const only = manifests.length === 1 ? manifests[0] : undefined
  const found = digest
    ? manifests.find((each) => each.digest === digest)
    : tag
      ? named(tag)
      : (named('latest') ?? only)
  if (found) return found
  throw new GantryError('NotFound', `the layout has no image ${digest ?? tag ?? 'latest'}`)
}
