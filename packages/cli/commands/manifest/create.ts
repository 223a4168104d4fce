import { canonicalName } from '@gantry/oci'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { manifestReference, RemoteManifests } from '../../manifest-list/remote.ts'
import { ManifestStore } from '../../manifest-list/store.ts'

/** `manifest create`: begins a local manifest list with images that are in registries. */
export async function manifestCreate(
  context: CommandContext,
  [name = '', ...images]: readonly string[],
  flags: Flags,
): Promise<void> {
  const target = canonicalName(manifestReference(name, `error parsing name for manifest list ${name}: `))
  const references = images.map((image) => manifestReference(image))
  const store = new ManifestStore(context.config.directory)
  if ((await store.list(target)) && !flags.bool('amend'))
    throw new Error('refusing to amend an existing manifest list with no --amend flag')
  using remote = new RemoteManifests(
    context,
    flags.bool('insecure') ? references.map(({ domain }) => domain) : [],
  )
  const entries = []
  for (const reference of references) {
    const ref = canonicalName(reference)
    // What is in the list keeps what was said of it.
    entries.push({ ref, entry: (await store.entry(target, ref)) ?? (await remote.image(reference)) })
  }
  for (const { ref, entry } of entries) await store.save(target, ref, entry)
  context.stdout.write(`Created manifest list ${target}\n`)
}
