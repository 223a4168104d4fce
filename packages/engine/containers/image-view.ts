import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type IdMap, mountOverlay, UnmountFlag, unmount } from '@gantry/syscall'

/** Shows an image's layers as one directory for a moment. */
export interface ImageView {
  /** `lower` top first, its owners seen as `idMap` has them. The view cannot be written; disposing it removes it. */
  open(lower: string[], idMap?: IdMap): Promise<AsyncDisposable & { root: string }>
  /** Removes views that a killed daemon left. */
  clean(): Promise<void>
}

/** Views are overlay mounts below `directory`; one layer needs no mount at all. */
export function createImageView(directory: string): ImageView {
  return {
    async open(lower, idMap) {
      const [only, second] = lower
      if (only !== undefined && second === undefined && !idMap)
        return { root: only, async [Symbol.asyncDispose]() {} }
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const root = await mkdtemp(join(directory, 'view-'))
      try {
        // An overlay has two layers at least; what it is mounted on is as good as any empty directory.
        mountOverlay({
          lower: second === undefined ? [...lower, root] : lower,
          target: root,
          readOnly: true,
          ...(idMap && { idMap }),
        })
      } catch (error) {
        await rmdir(root)
        throw error
      }
      return {
        root,
        async [Symbol.asyncDispose]() {
          unmount(root, UnmountFlag.detach)
          await rmdir(root)
        },
      }
    },
    async clean() {
      for (const name of await readdir(directory).catch(() => [])) {
        const root = join(directory, name)
        try {
          unmount(root, UnmountFlag.detach)
        } catch {
          // It had not been mounted yet.
        }
        await rmdir(root)
      }
    },
  }
}
