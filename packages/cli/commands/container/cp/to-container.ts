import { Readable } from 'node:stream'
import { isKind } from '@gantry/errors'
import { packLocal } from '../../../files/pack-local.ts'
import type { CommandContext } from '../../../framework/command.ts'
import { hasMode, linkTargetOf, statInContainer } from './container-path.ts'
import type { CopyOptions } from './cp.ts'
import { localSource } from './local-source.ts'
import { absoluteLocal } from './paths.ts'
import { type Destination, planCopy } from './plan.ts'
import { CopyProgress } from './progress.ts'

/** Copies a local path, or an archive from stdin, into a container. */
export async function copyToContainer(
  context: CommandContext,
  from: string,
  container: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  const { client, stderr } = context
  const destination = await destinationIn(context, container, to)
  if (from === '-' && destination.kind !== 'directory')
    throw new Error(`destination "${container}:${to}" must be a directory`)
  const { directory, pieces } =
    from === '-' ? fromStdin(context, destination) : fromLocal(from, destination, options)
  const progress = new CopyProgress(stderr, 'Copying to container - ', options.quiet)
  try {
    await client.call('PutContainerArchive', {
      path: { id: container },
      query: {
        path: directory,
        noOverwriteDirNonDir: 'true',
        ...(options.archive && { copyUIDGID: 'true' }),
      },
      headers: { 'Content-Type': 'application/x-tar' },
      body: Readable.from(progress.count(pieces), { objectMode: false, highWaterMark: 1024 * 1024 }),
    })
  } finally {
    progress[Symbol.dispose]()
  }
  if (!options.quiet)
    stderr.write(`Successfully copied ${progress.size} to ${container}:${destination.path}\n`)
}

interface Upload {
  directory: string
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>
}

function fromStdin({ stdin }: CommandContext, { path }: Destination): Upload {
  return { directory: path, pieces: stdin as AsyncIterable<Buffer> }
}

function fromLocal(from: string, destination: Destination, { followLink }: CopyOptions): Upload {
  const source = localSource(absoluteLocal(from), followLink)
  const { directory, name } = planCopy(source, destination)
  return { directory, pieces: packLocal(source.path, name) }
}

/** A path that names nothing may be one that the copy is to make. */
async function destinationIn(
  { client }: CommandContext,
  container: string,
  path: string,
): Promise<Destination> {
  const stat = (at: string) => statInContainer(client, container, at).catch(nothing)
  let place = path
  let found = await stat(path)
  if (found && hasMode(found, 'link')) {
    place = linkTargetOf(path, found)
    found = await stat(place)
  }
  if (found && (hasMode(found, 'device') || hasMode(found, 'irregular'))) {
    const problem = hasMode(found, 'device') ? 'got a device' : 'got an irregular file'
    throw new Error(`destination "${container}:${path}" must be a directory or a regular file: ${problem}`)
  }
  return { path: place, kind: found ? (hasMode(found, 'directory') ? 'directory' : 'other') : null }
}

/** Whatever is wrong with the path or the container, the copy itself will say. */
function nothing(error: unknown): null {
  if (!isKind(error) || isKind(error, 'Unavailable')) throw error
  return null
}
