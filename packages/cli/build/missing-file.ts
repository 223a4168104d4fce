/** What helps with `"/name": not found`: the name that was meant, or that the file is kept out. */
import { readdirSync } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { IgnoreFile, nearestPath, parseDockerfile } from '@gantry/dockerfile'
import type { BuildContext } from './context-archive.ts'

/** To be put behind the message; empty when it is not about a file of the context's directory. */
export async function missingFileHint(message: string, { directory, text }: BuildContext): Promise<string> {
  const [, quoted] = /("(?:[^"\\]|\\.)*"): not found$/.exec(message) ?? []
  if (quoted === undefined || !directory || text === null) return ''
  const path = posix.join('/', String(JSON.parse(quoted)))
  if (!isCopied(text, path)) return ''
  const there = await lstat(join(directory.root, path)).catch(() => null)
  if (there && new IgnoreFile(directory.rules).ignores(path.slice(1)))
    return ' (it is there, and .dockerignore keeps it out)'
  if (there?.isSymbolicLink()) {
    const target = JSON.stringify(await readlink(join(directory.root, path)))
    return ` (it is a symbolic link to ${target}, which is not in the context)`
  }
  const near = nearestPath(path, (parent) => namesIn(join(directory.root, parent)))
  return near === null ? '' : ` (did you mean ${JSON.stringify(near)}?)`
}

/** None where there is no directory that can be read. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Whether an instruction copies that path from the context, as it is written. */
function isCopied(text: string, path: string): boolean {
  try {
    return parseDockerfile(text).stages.some(({ commands }) =>
      commands.some(
        (command) =>
          (command.instruction === 'ADD' || (command.instruction === 'COPY' && command.from === undefined)) &&
          command.sources.some((source) => posix.join('/', source) === path),
      ),
    )
  } catch {
    return false
  }
}
