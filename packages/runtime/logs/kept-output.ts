/** What an exec has written, kept beside the stream to its client for as long as that may have to come back for it. */
import { open, writeFile } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import type { LogBlock } from '../contracts.ts'
import { LogFiles } from './files.ts'
import { readLog } from './read-log.ts'

/** conmon begins the file anew when it would become longer. */
export const keptOutputBytes = 8 * 1024 * 1024

/** No record, so that readers pass over it; gone when conmon has begun the file anew. */
const mark = 'everything is here\n'

/** Makes the file before conmon does: what it holds is complete for as long as it begins with the mark. */
export async function beginKeptOutput(path: string): Promise<void> {
  await writeFile(path, mark, { mode: 0o600 })
}

/**
 * All that was written from the start on, until `ended` settles and the file is drained. Rejects with Conflict when there
 * was more than is kept.
 */
export async function* readKeptOutput(
  path: string,
  signal: AbortSignal,
  ended: Promise<unknown>,
): AsyncGenerator<LogBlock> {
  for await (const block of readLog(new LogFiles(path), { follow: true, signal }, ended)) {
    if (block.caughtUp) await requireWhole(path)
    yield block
  }
  if (!signal.aborted) await requireWhole(path)
}

/** Rejects with Conflict when the file does not hold everything, or is not there. */
export async function requireWhole(path: string): Promise<void> {
  if ((await firstBytes(path)) === mark) return
  throw new GantryError('Conflict', 'the output from the start on is not kept any more')
}

async function firstBytes(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mark.length), 0, mark.length, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return ''
  }
}
