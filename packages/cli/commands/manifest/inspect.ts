import { canonicalName } from '@gantry/oci'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { type ManifestEntry, manifestEntry, manifestListBytes } from '../../manifest-list/entry.ts'
import { type FetchedList, manifestReference, RemoteManifests } from '../../manifest-list/remote.ts'
import { ManifestStore } from '../../manifest-list/store.ts'

/** `manifest inspect`: a local manifest list, one image of it, or what a name stands for in its registry. */
export async function manifestInspect(
  context: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const verbose = flags.bool('verbose')
  const show = (text: string): void => void context.stdout.write(`${text}\n`)
  const store = new ManifestStore(context.config.directory)
  const [first = '', second] = args
  const reference = manifestReference(first)
  if (second !== undefined) {
    const ref = canonicalName(manifestReference(second))
    const entry = await store.entry(canonicalName(reference), ref)
    if (!entry) throw new Error(`No such manifest: ${ref}`)
    return show(imageText(entry, verbose))
  }
  const local = await store.list(canonicalName(reference))
  if (local) return show(listText(local, verbose))
  using remote = new RemoteManifests(context, flags.bool('insecure') ? [reference.domain] : [])
  const found = await remote.fetch(reference)
  if (!('descriptors' in found)) return show(imageText(found, verbose))
  if (!verbose) return show(manifestListBytes(found.descriptors).bytes.toString('utf8'))
  show(listText(await imagesOf(remote, found), verbose))
}

/** Each image of a list in a registry, with the platform that the list gives it. */
async function imagesOf(
  remote: RemoteManifests,
  { ref, descriptors }: FetchedList,
): Promise<ManifestEntry[]> {
  const reference = manifestReference(ref)
  const repository = await remote.repository(reference, 'pull')
  const entries: ManifestEntry[] = []
  for (const descriptor of descriptors) {
    const { bytes } = await repository.manifest(descriptor.digest)
    const { mediaType, digest, size, platform } = descriptor
    entries.push(
      manifestEntry(
        canonicalName({ ...reference, digest }),
        { mediaType, digest, size, ...(platform && { platform }) },
        bytes,
      ),
    )
  }
  return entries
}

function imageText(entry: ManifestEntry, verbose: boolean): string {
  if (verbose) return JSON.stringify(entry, null, '\t')
  return JSON.stringify(JSON.parse(Buffer.from(entry.Raw, 'base64').toString('utf8')), null, '\t')
}

function listText(entries: readonly ManifestEntry[], verbose: boolean): string {
  if (verbose) return JSON.stringify(entries, null, '\t')
  return manifestListBytes(entries.map(({ Descriptor }) => Descriptor)).bytes.toString('utf8')
}
