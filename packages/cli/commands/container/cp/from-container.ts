import { unpackLocal } from '../../../files/unpack-local.ts'
import type { CommandContext } from '../../../framework/command.ts'
import { copy } from '../../../streams/copy.ts'
import { followedLink, hasMode, statInContainer, statOf } from './container-path.ts'
import type { CopyOptions } from './cp.ts'
import { checkOutput, localDestination } from './local-destination.ts'
import { absoluteLocal, splitPath } from './paths.ts'
import { planCopy } from './plan.ts'
import { CopyProgress } from './progress.ts'

/** Copies a path in a container to a local one, or as an archive to stdout. */
export async function copyFromContainer(
  { client, stdout, stderr }: CommandContext,
  container: string,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  const target = to === '-' ? to : absoluteLocal(to)
  checkOutput(target)
  let source: { path: string; name?: string } = { path: from }
  if (options.followLink) {
    const stat = await statInContainer(client, container, from).catch(() => null)
    if (stat && hasMode(stat, 'link')) source = followedLink(from, stat)
  }
  const request = { path: { id: container }, query: { path: source.path } }
  const { headers, body } = await client.response('ContainerArchive', request)
  if (to === '-') return await copy(body, stdout)
  const progress = new CopyProgress(stderr, 'Copying from container - ', options.quiet)
  try {
    const isDirectory = hasMode(statOf(headers), 'directory')
    const { directory, name } = planCopy({ ...source, isDirectory }, localDestination(target))
    const rename = renaming(splitPath(source.path).name, name)
    await unpackLocal(progress.count(body), { directory, rename, owners: options.archive })
  } finally {
    progress[Symbol.dispose]()
    body.destroy()
  }
  if (!options.quiet) stderr.write(`Successfully copied ${progress.size} to ${target}\n`)
}

/** Entries are called after what was asked for: `old`, `old/…`; those of the root begin with a slash. */
function renaming(old: string, name: string): (entry: string) => string {
  if (old === name) return (entry) => entry
  const prefix = old === '/' ? '' : old
  return (entry) => `${name}${entry.slice(prefix.length)}`
}
