import { canonicalName } from '@gantry/oci'
import type { CommandContext } from '../../framework/command.ts'
import { manifestReference } from '../../manifest-list/remote.ts'
import { ManifestStore } from '../../manifest-list/store.ts'

/** `manifest rm`: forgets local manifest lists; those in registries stay. */
export async function manifestRm({ config }: CommandContext, names: readonly string[]): Promise<void> {
  const store = new ManifestStore(config.directory)
  const missing: string[] = []
  for (const name of names) {
    const target = canonicalName(manifestReference(name))
    if (await store.list(target)) await store.remove(target)
    else missing.push(`No such manifest: ${target}`)
  }
  if (missing.length > 0) throw new Error(missing.join('\n'))
}
