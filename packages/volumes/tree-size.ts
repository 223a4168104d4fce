import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Bytes of the regular files below a directory, each inode counted once. What disappears while it is being counted
 * does not count. Runs on Node's thread pool, one directory at a time.
 */
export async function treeSize(directory: string): Promise<number> {
  const seen = new Set<string>()
  const pending = [directory]
  let bytes = 0
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    for (const entry of await entries(current)) {
      if (entry.isDirectory()) pending.push(join(current, entry.name))
      if (!entry.isFile()) continue
      const info = await lstat(join(current, entry.name)).catch(() => null)
      if (!info || (info.nlink > 1 && seen.has(`${info.dev}:${info.ino}`))) continue
      if (info.nlink > 1) seen.add(`${info.dev}:${info.ino}`)
      bytes += info.size
    }
  }
  return bytes
}

async function entries(directory: string) {
  try {
    return await Array.fromAsync(await opendir(directory))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
