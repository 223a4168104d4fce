import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of the files in a directory tree; a file with several links counts once. What vanishes meanwhile is left out. */
export async function sizeOf(directory: string): Promise<number> {
  const seen = new Set<string>()
  let total = 0
  const pending = [directory]
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const entries = await opendir(path).catch(() => null)
    if (!entries) continue
    for await (const entry of entries) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) pending.push(child)
      const status = entry.isFile() ? await lstat(child).catch(() => null) : null
      if (!status || (status.nlink > 1 && seen.has(`${status.dev}:${status.ino}`))) continue
      seen.add(`${status.dev}:${status.ino}`)
      total += status.size
    }
  }
  return total
}
