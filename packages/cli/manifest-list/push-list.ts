/** Pushing a manifest list: images of other repositories are brought into its own first. */

import { GantryError } from '@gantry/errors'
import {
  canonicalName,
  isDigest,
  parseManifest,
  parseReference,
  type Reference,
  type Repository,
  repositoryOf,
} from '@gantry/oci'
import { type ManifestEntry, manifestListBytes } from './entry.ts'

/** Pushes the list; `tell` hears of each image that was brought in. Resolves with the list's digest. */
export async function pushManifestList(
  target: Reference,
  entries: readonly ManifestEntry[],
  repository: Repository,
  tell: (line: string) => void,
): Promise<string> {
  for (const entry of entries) checkEntry(target, entry)
  for (const entry of entries) {
    if (repositoryOf(parseReference(entry.Ref)) === repositoryOf(target)) continue
    tell(await bringIn(target, entry, repository))
  }
  const list = manifestListBytes(entries.map(({ Descriptor }) => Descriptor))
  const { digest } = await repository.putManifest(target.digest ?? target.tag ?? 'latest', list)
  return digest
}

function checkEntry(target: Reference, { Ref, Descriptor: { platform, digest } }: ManifestEntry): void {
  const { domain } = parseReference(Ref)
  if (domain !== target.domain)
    throw new GantryError(
      'InvalidParameter',
      `cannot use source images from a different registry than the target image: ${domain} != ${target.domain}`,
    )
  if (!platform?.architecture || !platform.os)
    throw new GantryError(
      'InvalidParameter',
      `manifest ${Ref} must have an OS and Architecture to be pushed to a registry`,
    )
  if (!isDigest(digest))
    throw new GantryError('InvalidParameter', `digest parse of image ${JSON.stringify(Ref)} failed`)
}

/** Mounts the image's blobs into the list's repository and stores its manifest there. */
async function bringIn(target: Reference, entry: ManifestEntry, repository: Repository): Promise<string> {
  const { mediaType, digest } = entry.Descriptor
  const bytes = Buffer.from(entry.Raw, 'base64')
  const manifest = parseManifest(bytes, mediaType)
  if (manifest.kind === 'index') throw new GantryError('InvalidParameter', `${entry.Ref} is a manifest list`)
  const source = parseReference(entry.Ref)
  for (const blob of [manifest.config, ...manifest.layers]) {
    if (await repository.hasBlob(blob.digest)) continue
    if (!(await repository.mountBlob(blob.digest, source.path)))
      throw new GantryError(
        'System',
        `failed to mount blob ${repositoryOf(source)}@${blob.digest} to ${repositoryOf(target)}`,
      )
  }
  const stored = await repository.putManifest(digest, { mediaType, bytes })
  return `Pushed ref ${canonicalName({ domain: target.domain, path: target.path, digest: stored.digest })} with digest: ${stored.digest}`
}
