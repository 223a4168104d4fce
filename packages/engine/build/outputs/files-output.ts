/** `--output type=local` and `type=tar`: the files of a result as an archive, which the client unpacks or keeps. */
import { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildResult, Snapshots } from '@gantry/build'
import { endBlocks, entryBlocks, entryHeader, padding } from '@gantry/oci'
import type { FilesPlan } from './plan.ts'
import { directoryOf } from './platform-directory.ts'

/** A file that tells about a result: its name in the root, and its text. */
export interface NoteFile {
  name: string
  content: Buffer
}

export interface FilesParts {
  snapshots: Pick<Snapshots, 'view'>
  archive: Pick<ArchiveWorkers, 'export'>
}

/** `created` is SOURCE_DATE_EPOCH, which every file gets for its time. */
export function filesOutput(
  parts: FilesParts,
  results: readonly BuildResult[],
  { platformSplit }: FilesPlan,
  { created, notes }: { created: Date | undefined; notes: (result: BuildResult) => Promise<NoteFile[]> },
): Readable {
  const modified = created && Math.floor(created.getTime() / 1000)
  const split = platformSplit ?? results.length > 1
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (const result of results) {
      const prefix = split ? directoryOf(result.platform) : ''
      yield* filesOf(parts, result, prefix, modified)
      for (const { name, content } of await notes(result))
        yield noteEntry(`${prefix}${name}`, content, modified ?? Math.floor(Date.now() / 1000))
    }
    yield endBlocks
  }
  return Readable.from(pieces(), { objectMode: false })
}

async function* filesOf(
  { snapshots, archive }: FilesParts,
  { snapshot }: BuildResult,
  prefix: string,
  modified: number | undefined,
): AsyncGenerator<Buffer> {
  await using view = await snapshots.view(snapshot)
  const files = await archive.export(
    { kind: 'mount', path: view.root },
    { prefix, open: true, ...(modified !== undefined && { modified }) },
  )
  try {
    yield* files as AsyncIterable<Buffer>
  } finally {
    files.destroy()
  }
}

function noteEntry(name: string, content: Buffer, seconds: number): Buffer {
  const header = entryHeader({
    name,
    type: 'file',
    size: content.length,
    modified: { seconds, nanoseconds: 0 },
  })
  return Buffer.concat([entryBlocks(header), content, Buffer.alloc(padding(content.length))])
}
