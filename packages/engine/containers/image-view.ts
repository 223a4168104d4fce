import { lstat, mkdir, mkdtemp, readdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bindIdMapped,
  type IdMap,
  MountFlag,
  mount,
  mountOverlay,
  UnmountFlag,
  unmount,
} from '@gantry/syscall'

export interface ViewOptions {
  /** Owners are seen as it has them. */
  idMap?: IdMap | undefined
  /** Where what is written goes; without, the view cannot be written. */
  writable?: { upper: string; work: string }
  /** SELinux label of all files. */
  context?: string | undefined
}

/** Shows an image's layers as one directory for a moment, or what another path names. */
export interface ImageView {
  /** `lower` top first. Disposing the view removes it. */
  open(lower: string[], options?: ViewOptions): Promise<AsyncDisposable & { root: string }>
  /**
   * A path for what `source` names, a directory or a file, without the mounts below it. Runtimes find what is behind a
   * descriptor of ours (`/proc/…/fd`) by such a name only, and not all of them can leave out the mounts below. With
   * `idMap`, its owners are seen so.
   */
  pin(source: string, idMap?: IdMap): Promise<AsyncDisposable & { root: string }>
  /** Removes views that a killed daemon left. */
  clean(): Promise<void>
}

/** Views are overlay mounts below `directory`; one layer needs no mount at all. */
export function createImageView(directory: string): ImageView {
  return {
    async open(lower, { idMap, writable, context } = {}) {
      const [only, second] = lower
      if (only !== undefined && second === undefined && !idMap && !writable && !context)
        return { root: only, async [Symbol.asyncDispose]() {} }
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const root = await mkdtemp(join(directory, 'view-'))
      try {
        // An overlay has two layers at least; what it is mounted on is as good as any empty directory.
        mountOverlay({
          lower: second === undefined ? [...lower, root] : lower,
          target: root,
          ...(writable ?? { readOnly: true }),
          ...(idMap && { idMap }),
          ...(context && { context }),
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
    async pin(source, idMap) {
      const root = await placeFor(source, directory)
      try {
        if (idMap) bindIdMapped(source, root, idMap)
        else mount({ source, target: root, type: '', flags: MountFlag.bind })
      } catch (error) {
        await removePlace(root)
        throw error
      }
      return {
        root,
        async [Symbol.asyncDispose]() {
          unmount(root, UnmountFlag.detach)
          await removePlace(root)
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
        await removePlace(root)
      }
    },
  }
}

/** A new directory, or an empty file where the source is one. */
async function placeFor(source: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const root = await mkdtemp(join(directory, 'view-'))
  if ((await stat(source)).isDirectory()) return root
  await rmdir(root)
  await writeFile(root, '', { flag: 'wx', mode: 0o600 })
  return root
}

/** Never anything in it. */
async function removePlace(root: string): Promise<void> {
  if ((await lstat(root)).isDirectory()) await rmdir(root)
  else await unlink(root)
}
