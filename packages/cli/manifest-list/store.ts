/** Manifest lists that are being put together, below the configuration folder: the layout of Docker's command. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { ManifestEntry } from './entry.ts'

/** Manifest lists that are being made, in the directory of the configuration file. */
export class ManifestStore {
  readonly #folder: string

  constructor(configDirectory: string) {
    this.#folder = join(configDirectory, 'manifests')
  }

  /** Every image of a list, by name. Undefined when there is no such list. */
  async list(listRef: string): Promise<ManifestEntry[] | undefined> {
    const folder = this.#listFolder(listRef)
    const names = await readdir(folder).catch(() => undefined)
    return names && Promise.all(names.sort().map((name) => read(join(folder, name))))
  }

  /** Undefined when the list has no such image, or there is no such list. */
  async entry(listRef: string, ref: string): Promise<ManifestEntry | undefined> {
    const path = join(this.#listFolder(listRef), fileName(ref))
    return read(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  }

  async save(listRef: string, ref: string, entry: ManifestEntry): Promise<void> {
    const folder = this.#listFolder(listRef)
    await mkdir(folder, { recursive: true })
    const unfinished = join(this.#folder, `.${fileName(ref)}.${process.pid}`)
    await writeFile(unfinished, JSON.stringify(entry))
    await rename(unfinished, join(folder, fileName(ref)))
  }

  async remove(listRef: string): Promise<void> {
    await rm(this.#listFolder(listRef), { recursive: true, force: true })
  }

  #listFolder(listRef: string): string {
    return join(this.#folder, fileName(listRef))
  }
}

async function read(path: string): Promise<ManifestEntry> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text) as ManifestEntry
  } catch (cause) {
    throw new GantryError('InvalidParameter', `${path} is not a manifest: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** A reference as one file name. What a reference may be made of leaves no way out of the folder. */
const fileName = (ref: string): string => ref.replaceAll(':', '-').replaceAll('/', '_')
