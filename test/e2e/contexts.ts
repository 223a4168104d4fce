import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Writes these files below a directory, with the directories on the way. */
export async function writeFiles(directory: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, dirname(name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
}

/** A new directory below `top` with these files, for a build to have as its context. */
export async function contextIn(top: string, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(top, 'context-'))
  await chmod(root, 0o755)
  await writeFiles(root, files)
  return root
}
