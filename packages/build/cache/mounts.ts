/** The directories of `RUN --mount=type=cache`, kept between builds by their id. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunMount } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'

export interface CacheDirectory extends AsyncDisposable {
  path: string
}

/** Copies the first content of a new cache directory into it. */
export type Fill = (directory: string) => Promise<void>

/** A directory of `RUN --mount=type=cache` as it is kept. */
export interface CacheMount {
  /** Its name among them: of the id, and a number for those that `private` made beside each other. */
  name: string
  /** What the mount calls it. */
  id: string
  path: string
  /** RFC 3339. */
  createdAt: string
  usedAt: string
  uses: number
  inUse: boolean
}

/** What a file beside the content says. */
type Described = Pick<CacheMount, 'id' | 'createdAt' | 'usedAt' | 'uses'>

export class CacheMounts {
  readonly #root: string
  /** The last user of each directory that is locked, by its name. */
  readonly #locks = new Map<string, Promise<void>>()
  /** How many use each directory, by its name. */
  readonly #users = new Map<string, number>()
  readonly #making = new Map<string, Promise<void>>()

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
    let number = 0
    while (sharing === 'private' && this.#users.has(name(id, number))) number++
    return this.#used(id, number, mount, fill)
  }

  async #used(id: string, number: number, mount: RunMount, fill: Fill): Promise<CacheDirectory> {
    const release = this.#use(name(id, number))
    try {
      const path = await this.#directory(id, number, mount, fill)
      return { path, [Symbol.asyncDispose]: async () => release() }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Nobody removes it until the returned function is called. */
  #use(directory: string): () => void {
    this.#users.set(directory, (this.#users.get(directory) ?? 0) + 1)
    return () => {
      const left = (this.#users.get(directory) ?? 1) - 1
      if (left === 0) this.#users.delete(directory)
      else this.#users.set(directory, left)
    }
  }

  async #locked(id: string, mount: RunMount, fill: Fill, signal: AbortSignal): Promise<CacheDirectory> {
    const key = name(id, 0)
    const before = this.#locks.get(key) ?? Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const tail = before.then(() => promise)
    this.#locks.set(key, tail)
    // Whoever gives up waiting leaves the one before it in possession.
    void tail.then(() => {
      if (this.#locks.get(key) === tail) this.#locks.delete(key)
    })
    const release = (): void => resolve()
    try {
      await aborted(before, signal)
      const used = await this.#used(id, 0, mount, fill)
      return {
        path: used.path,
        async [Symbol.asyncDispose]() {
          await used[Symbol.asyncDispose]()
          release()
        },
      }
    } catch (error) {
      release()
      throw error
    }
  }

  /** One of those who want a new directory makes it; the others wait for that. */
  async #directory(id: string, number: number, mount: RunMount, fill: Fill): Promise<string> {
    const entry = name(id, number)
    for (let other = this.#making.get(entry); other; other = this.#making.get(entry))
      await other.catch(() => undefined)
    const parent = join(this.#root, entry)
    const path = join(parent, 'content')
    if (existsSync(join(parent, 'mount.json'))) {
      // What came as an archive has had no mount to say whose it is.
      if ((await described(parent))?.uses === 0) await giveTo(mount, path)
      await this.#note(parent, id)
      return path
    }
    const making = this.#make(parent, id, mount, fill).finally(() => this.#making.delete(entry))
    this.#making.set(entry, making)
    await making
    return path
  }

  async #make(parent: string, id: string, mount: RunMount, fill: Fill): Promise<void> {
    const path = join(parent, 'content')
    await rm(parent, { recursive: true, force: true }) // half made by a daemon that was killed
    try {
      await mkdir(path, { recursive: true, mode: 0o700 })
      await chmod(parent, 0o700)
      await fill(path)
      await giveTo(mount, path)
      await this.#note(parent, id)
    } catch (error) {
      await rm(parent, { recursive: true, force: true })
      throw error
    }
  }

  /** Writes down that it is used, `more` times. */
  async #note(directory: string, id: string, more = 1): Promise<void> {
    const now = new Date().toISOString()
    const { createdAt = now, uses = 0 } = (await described(directory)) ?? {}
    const draft = join(directory, `mount.json.${randomUUID()}`)
    await writeFile(
      draft,
      JSON.stringify({ id, createdAt, usedAt: now, uses: uses + more } satisfies Described),
    )
    await rename(draft, join(directory, 'mount.json'))
  }

  async list(): Promise<CacheMount[]> {
    const found: CacheMount[] = []
    for (const entry of await readdir(this.#root).catch(() => [])) {
      if (!entryPattern.test(entry)) continue
      const directory = join(this.#root, entry)
      const about = await described(directory)
      if (!about) continue
      found.push({ name: entry, path: join(directory, 'content'), inUse: this.#users.has(entry), ...about })
    }
    return found
  }

  /** Removes a directory, unless a step uses it: then it returns false. */
  async remove(entry: string): Promise<boolean> {
    if (this.#users.has(entry) || !entryPattern.test(entry)) return false
    const grave = join(this.#root, `removed-${randomUUID()}`)
    try {
      renameSync(join(this.#root, entry), grave) // from one moment to the next: a step may come meanwhile
    } catch {
      return false
    }
    await rm(grave, { recursive: true, force: true })
    return true
  }

  /**
   * Gives a mount new content, which `fill` writes into an empty directory. Rejects with Conflict when a step uses the
   * mount; when `fill` fails, it stays as it was.
   */
  async replace(id: string, fill: Fill): Promise<void> {
    const entry = name(id, 0)
    const draft = join(this.#root, `removed-${randomUUID()}`)
    try {
      await mkdir(join(draft, 'content'), { recursive: true, mode: 0o755 })
      await chmod(draft, 0o700)
      await fill(join(draft, 'content'))
      await this.#note(draft, id, 0)
      if (this.#users.has(entry))
        throw new GantryError('Conflict', `cache mount ${JSON.stringify(id)} is in use`)
      const old = `${draft}-old`
      if (existsSync(join(this.#root, entry))) renameSync(join(this.#root, entry), old)
      renameSync(draft, join(this.#root, entry))
      await rm(old, { recursive: true, force: true })
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  }

  /** What a killed daemon left half made or half removed goes. */
  async clean(): Promise<void> {
    for (const entry of await readdir(this.#root).catch(() => []))
      if (!entryPattern.test(entry)) await rm(join(this.#root, entry), { recursive: true, force: true })
  }
}

async function giveTo({ uid = 0, gid = 0, mode = '0755' }: RunMount, path: string): Promise<void> {
  await chown(path, uid, gid)
  await chmod(path, Number.parseInt(mode, 8))
}

const entryPattern = /^[0-9a-f]{64}(-\d+)?$/

async function described(directory: string): Promise<Described | null> {
  try {
    return JSON.parse(await readFile(join(directory, 'mount.json'), 'utf8')) as Described
  } catch {
    return null
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
