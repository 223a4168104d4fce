/** Contexts that the daemon keeps between builds, so that clients send only what has changed since. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeptEntry } from './tree-sync.ts'

/** Trees, and bytes of files in them, that are kept while no build uses them. */
const mostTrees = 32
const mostBytes = 8 * 1024 ** 3

/** A tree as it is kept. */
export interface KeptInfo {
  name: string
  /** Bytes of its files. */
  size: number
  createdAt: Date
  usedAt: Date
  inUse: boolean
}

/** A tree that one build has for itself. */
export interface KeptTree extends AsyncDisposable {
  readonly root: string
  /** For digests of its files. */
  readonly memo: string
  readonly entries: readonly KeptEntry[]
  /** To be called before the first change: what a killed daemon leaves half done is not taken for whole. */
  invalidate(): Promise<void>
  save(entries: readonly KeptEntry[]): Promise<void>
}

/**
 * `<directory>/<key>-<id>/` holds `tree`, `index` (what the client said of its files; missing while the tree changes) and
 * `digests`. A build takes a free tree of its key, or a new one.
 */
export class KeptTrees {
  readonly #directory: string
  readonly #used = new Set<string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Removes what a killed daemon left half done. */
  async clean(): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const place = join(this.#directory, name)
      if (!(await stat(join(place, 'index')).catch(() => null)))
        await rm(place, { recursive: true, force: true })
    }
  }

  /** `key` tells the client and its directory apart from others. */
  async take(key: string): Promise<KeptTree> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const prefix = createHash('sha256').update(key).digest('hex').slice(0, 32)
    const names = (await readdir(this.#directory)).filter((name) => name.startsWith(`${prefix}-`))
    const free = names.find((name) => !this.#used.has(name))
    const name = free ?? `${prefix}-${randomUUID()}`
    this.#used.add(name)
    try {
      return await this.#open(name)
    } catch (error) {
      this.#used.delete(name)
      throw error
    }
  }

  async #open(name: string): Promise<KeptTree> {
    const place = join(this.#directory, name)
    const [root, memo, index] = [join(place, 'tree'), join(place, 'digests'), join(place, 'index')]
    let entries = await readIndex(index)
    if (!entries) await rm(place, { recursive: true, force: true })
    await mkdir(root, { recursive: true, mode: 0o755 })
    let isWhole = entries !== null
    return {
      root,
      memo,
      entries: entries ?? [],
      async invalidate() {
        isWhole = false
        await rm(index, { force: true })
      },
      async save(now) {
        entries = [...now]
        const text = now.map((entry) => `${JSON.stringify(entry)}\n`).join('')
        const size = now.reduce((sum, entry) => sum + (entry.link === '' ? entry.size : 0), 0)
        await writeFile(join(place, 'size'), String(size), { mode: 0o600 })
        await writeFile(`${index}.new`, text, { mode: 0o600 })
        await rename(`${index}.new`, index)
        isWhole = true
      },
      [Symbol.asyncDispose]: async () => {
        if (isWhole) await utimes(place, new Date(), new Date())
        else await rm(place, { recursive: true, force: true })
        this.#used.delete(name)
        await this.#prune(mostTrees, mostBytes)
      },
    }
  }

  async list(): Promise<KeptInfo[]> {
    const names = await readdir(this.#directory).catch(() => [])
    return Promise.all(
      names.map(async (name) => {
        const place = join(this.#directory, name)
        const size = Number(await readFile(join(place, 'size'), 'latin1').catch(() => 0))
        const found = await stat(place).catch(() => null)
        const [usedAt, createdAt] = [found?.mtime ?? new Date(0), found?.birthtime ?? new Date(0)]
        return { name, size, usedAt, createdAt, inUse: this.#used.has(name) }
      }),
    )
  }

  /** Removes a tree, unless a build uses it: then it returns false. */
  async remove(name: string): Promise<boolean> {
    if (this.#used.has(name)) return false
    this.#used.add(name) // nobody takes it meanwhile
    await rm(join(this.#directory, name), { recursive: true, force: true }).finally(() =>
      this.#used.delete(name),
    )
    return true
  }

  /** Removes free trees, the longest unused ones first, until the rest is within the limits. */
  async #prune(trees: number, bytes: number): Promise<void> {
    const known = await this.list()
    let [count, total] = [known.length, known.reduce((sum, { size }) => sum + size, 0)]
    for (const { name, size } of known.sort((a, b) => a.usedAt.getTime() - b.usedAt.getTime())) {
      if (count <= trees && total <= bytes) break
      if (!(await this.remove(name))) continue
      count--
      total -= size
    }
  }
}

async function readIndex(path: string): Promise<KeptEntry[] | null> {
  try {
    const text = await readFile(path, 'utf8')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as KeptEntry)
  } catch {
    return null // missing, or cut off by a crash: the tree is made anew
  }
}
