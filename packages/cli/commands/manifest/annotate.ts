import { canonicalName } from '@gantry/oci'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { type EntryPlatform, entryPlatform } from '../../manifest-list/entry.ts'
import { isKnownPlatform } from '../../manifest-list/platforms.ts'
import { manifestReference } from '../../manifest-list/remote.ts'
import { ManifestStore } from '../../manifest-list/store.ts'

/** `manifest annotate`: says of an image in a local manifest list what it runs on. */
export async function manifestAnnotate(
  { config }: CommandContext,
  [name = '', image = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const target = canonicalName(
    manifestReference(name, `annotate: error parsing name for manifest list ${name}: `),
  )
  const ref = canonicalName(manifestReference(image, `annotate: error parsing name for manifest ${image}: `))
  const store = new ManifestStore(config.directory)
  const entry = await store.entry(target, ref)
  if (!entry) throw new Error(`manifest for image ${image} does not exist in ${name}`)
  const platform = annotated(entry.Descriptor.platform ?? { architecture: '', os: '' }, flags)
  if (!isKnownPlatform(platform.os, platform.architecture))
    throw new Error(
      `manifest entry for image has unsupported os/arch combination: ${flags.string('os')}/${flags.string('arch')}`,
    )
  await store.save(target, ref, { ...entry, Descriptor: { ...entry.Descriptor, platform } })
}

function annotated(known: EntryPlatform, flags: Flags): EntryPlatform {
  return entryPlatform({
    architecture: flags.string('arch') || known.architecture,
    os: flags.string('os') || known.os,
    'os.version': flags.string('os-version') || known['os.version'],
    'os.features': [...new Set([...(known['os.features'] ?? []), ...flags.list('os-features')])],
    variant: flags.string('variant') || known.variant,
  })
}
