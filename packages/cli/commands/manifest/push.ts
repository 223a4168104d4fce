import { canonicalName } from '@gantry/oci'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { pushManifestList } from '../../manifest-list/push-list.ts'
import { manifestReference, RemoteManifests } from '../../manifest-list/remote.ts'
import { ManifestStore } from '../../manifest-list/store.ts'

/** `manifest push`: stores a local manifest list in its registry. */
export async function manifestPush(
  context: CommandContext,
  [name = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const reference = manifestReference(name)
  const target = canonicalName(reference)
  const store = new ManifestStore(context.config.directory)
  const entries = await store.list(target)
  if (!entries?.length) throw new Error(`No such manifest: ${target}`)
  using remote = new RemoteManifests(context, flags.bool('insecure') ? [reference.domain] : [])
  const repository = await remote.repository(reference, 'push')
  const tell = (line: string): void => void context.stdout.write(`${line}\n`)
  tell(await pushManifestList(reference, entries, repository, tell))
  if (flags.bool('purge')) await store.remove(target)
}
