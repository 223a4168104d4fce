/** The directories of `RUN --mount=type=cache`, kept between builds by their id. */
import { createHash } from 'node:crypto'
import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunMount } from '@gantry/dockerfile'

export interface CacheDirectory extends AsyncDisposable {
  path: string
}

/** Copies the first content of a new cache directory into it. */
export type Fill = (directory: string) => Promise<void>

export class CacheMounts {
  readonly #root: string
  /** The last user of each directory that is locked, by its name. */
  readonly #locks = new Map<string, Promise<void>>()
  readonly #inUse = new Set<string>()

  constructor(root: string) {
    this.#root = root
  }

  /**
   * The directory for a mount, with the owner and mode it asks for when it is new. `shared` gives everybody the same one,
   * `locked` to one after the other, `private` a further one to each that comes while the others are in use.
   */
  async open(mount: RunMount, fill: Fill, signal: AbortSignal): Promise<CacheDirectory> {
    const id = mount.id ?? mount.target ?? ''
    const sharing = mount.sharing ?? 'shared'
    if (sharing === 'locked') return this.#locked(id, mount, fill, signal)
    if (sharing === 'shared')
      return { path: await this.#directory(id, 0, mount, fill), async [Symbol.asyncDispose]() {} }
    let number = 0
    while (this.#inUse.has(name(id, number))) number++
    const used = name(id, number)
    this.#inUse.add(used)
    const path = await this.#directory(id, number, mount, fill).catch((error) => {
      this.#inUse.delete(used)
      throw error
    })
    return { path, [Symbol.asyncDispose]: async () => void this.#inUse.delete(used) }
  }

  async #locked(id: string, mount: RunMount, fill: Fill, signal: AbortSignal): Promise<CacheDirectory> {
    const key = name(id, 0)
    const before = this.#locks.get(key) ?? Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const tail = before.then(() => promise)
    this.#locks.set(key, tail)
    const release = (): void => {
      resolve()
      if (this.#locks.get(key) === tail) this.#locks.delete(key)
    }
    try {
      await aborted(before, signal)
      const path = await this.#directory(id, 0, mount, fill)
      return { path, [Symbol.asyncDispose]: async () => release() }
    } catch (error) {
      release()
      throw error
    }
  }

  async #directory(id: string, number: number, mount: RunMount, fill: Fill): Promise<string> {
    const parent = join(this.#root, name(id, number))
    const path = join(parent, 'content')
    await mkdir(parent, { recursive: true, mode: 0o700 })
    const isNew = await mkdir(path).then(
      () => true,
      () => false,
    )
    if (!isNew) return path
    try {
      await fill(path)
      await chown(path, mount.uid ?? 0, mount.gid ?? 0)
      await chmod(path, Number.parseInt(mount.mode ?? '0755', 8))
      await writeFile(join(parent, 'id'), id)
      return path
    } catch (error) {
      await rm(parent, { recursive: true, force: true })
      throw error
    }
  }

  /** Removes every directory that no step uses. */
  async prune(): Promise<void> {
    for (const entry of await readdir(this.#root).catch(() => []))
      if (!this.#inUse.has(entry) && !this.#locks.has(entry))
        await rm(join(this.#root, entry), { recursive: true, force: true })
  }
}

const name = (id: string, number: number): string =>
  `${createHash('sha256').update(id).digest('hex')}${number === 0 ? '' : `-${number}`}`

function aborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  return Promise.race([wait, promise]).finally(() => signal.removeEventListener('abort', leave))
}
