/** Which of an index's images a machine gets. */
import { GantryError } from '@gantry/errors'
import {
  bestMatch,
  type Descriptor,
  formatPlatform,
  type Index,
  isIndexType,
  isManifestType,
  type Platform,
  samePlatform,
} from '@gantry/oci'

/** The descriptor for `wanted`: of that very platform, else (without `exactly`) the one that it runs best. */
export function choosePlatform(index: Index, wanted: Platform, exactly: boolean): Descriptor {
  const offers = index.manifests.filter((each) => isImage(each))
  const platforms = offers.map(({ platform }) => platform ?? wanted)
  const same = platforms.findIndex((platform) => samePlatform(wanted, platform))
  const near = exactly
    ? platforms.filter(({ architecture }) => architecture === wanted.architecture)
    : platforms
  const best = near[bestMatch(wanted, near)]
  const chosen = offers[same >= 0 ? same : best === undefined ? -1 : platforms.indexOf(best)]
  if (chosen) return chosen
  throw new GantryError(
    'NotFound',
    `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries: no match for platform in manifest: not found`,
  )
}

const isImage = (each: Descriptor): boolean =>
  (isManifestType(each.mediaType) || isIndexType(each.mediaType)) && !isAttestation(each)

/** Whether a manifest of an index says something about another one instead of being an image. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === 'unknown' || annotations?.['vnd.docker.reference.type'] !== undefined
}

/** What an index has to say about one of its images. */
export function attestationsOf(index: Index, image: Descriptor): Descriptor[] {
  return index.manifests.filter(
    (each) => isAttestation(each) && each.annotations?.['vnd.docker.reference.digest'] === image.digest,
  )
}
