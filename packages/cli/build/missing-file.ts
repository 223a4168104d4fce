/** What helps with `"/name": not found`: the name that was meant, or that the file is kept out. */
import { lstat, readdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { parseDockerfile, suggestion } from '@gantry/dockerfile'
import type { BuildContext } from './context-archive.ts'

/** To be put behind the message; empty when it is not about a file of the context's directory. */
export async function missingFileHint(message: string, { directory, text }: BuildContext): Promise<string> {
  const [, quoted] = /("(?:[^"\\]|\\.)*"): not found$/.exec(message) ?? []
  if (quoted === undefined || !directory || text === null) return ''
  const path = posix.join('/', String(JSON.parse(quoted)))
  if (!isCopied(text, path)) return ''
  const there = await lstat(join(directory.root, path)).catch(() => null)
  if (there) return ' (it is there, and .dockerignore keeps it out)'
  const parent = posix.dirname(path)
  const names = await readdir(join(directory.root, parent)).catch(() => [])
  const [, near] = / \(did you mean (.*)\?\)$/.exec(suggestion(posix.basename(path), names, false)) ?? []
  return near === undefined ? '' : ` (did you mean ${JSON.stringify(posix.join(parent, near))}?)`
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
