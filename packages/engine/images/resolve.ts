import { GantryError } from '@gantry/errors'
import { bestMatch, formatPlatform, parsePlatform, samePlatform } from '@gantry/oci'
import type { ResolvedImage } from '../contracts.ts'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { descriptorOf, readConfig } from './read-image.ts'
import type { ImageRecord } from './records.ts'
import { asNamed } from './variants.ts'

/** The image that a reference means on a platform: the one asked for, else the one that suits this machine best. */
export function selectImage(
  { catalog, host }: Pick<ImageParts, 'catalog' | 'host'>,
  text: string,
  platform?: string,
): ImageRecord {
  const { image, reference } = catalog.find(text)
  const offers = (reference?.index?.images ?? [image.id])
    .map((id) => catalog.get(id))
    .filter((offer) => offer !== undefined)
    .map((offer) => asNamed(offer, reference))
  if (!platform) return offers[bestMatch(host, offers)] ?? asNamed(image, reference)
  const wanted = parsePlatform(platform, host)
  const match = offers.find((offer) => samePlatform(wanted, offer))
  if (match) return match
  const problem = `image with reference ${text} was found but does not match the specified platform`
  throw new GantryError(
    'NotFound',
    `${problem}: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(image)}`,
  )
}

/** What a container needs to know of an image. */
export async function describeForRun(
  { content }: Pick<ImageParts, 'content'>,
  image: ImageRecord,
): Promise<ResolvedImage> {
  const { id, os, architecture, variant } = image
  const platform = { os, architecture, ...(variant && { variant }) }
  const [{ config }, descriptor] = await Promise.all([
    readConfig(content, id),
    descriptorOf(content, image.manifest),
  ])
  return {
    id,
    chainId: chainOf(image).at(-1) ?? null,
    config,
    ...platform,
    manifest: { ...descriptor, platform },
  }
}
