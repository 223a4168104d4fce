/** `--cache-from` and `--cache-to` of type `local`: image layouts in directories on this side. The engine hears of the rest alone. */
import { mkdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { messageOf } from '@gantry/errors'
import { parseCsv } from '../options/csv.ts'
import { readLayoutIndex, tagOf } from './layout-index.ts'

/** Where a cache goes that the engine gives out. */
export interface CacheDirectory {
  path: string
  /** In the index of the layout. */
  tag: string
  ignoreError: boolean
}

export interface LocalCaches {
  /** As the engine is to have them. */
  from: string[]
  to: string[]
  /** What a session is to lend, by name. */
  directories: ReadonlyMap<string, string>
  /** Where caches go, by their places in `to`. */
  targets: ReadonlyMap<number, CacheDirectory>
  /** Of caches that are not there: builds go on without them. */
  warnings: string[]
}

/** Whether a `--cache-from` or `--cache-to` names a directory on this side: `type=local`, quoted or not. */
export const isLocalCache = (text: string): boolean => /(^|[,"])\s*type=local("|,|$)/i.test(text)

/** Makes the directories that caches go to. Rejects with Error in BuildKit's words. */
export async function localCaches(from: readonly string[], to: readonly string[]): Promise<LocalCaches> {
  const directories = new Map<string, string>()
  const targets = new Map<number, CacheDirectory>()
  const caches: LocalCaches = { from: [], to: [], directories, targets, warnings: [] }
  for (const text of from) {
    if (!isLocalCache(text)) {
      caches.from.push(text)
      continue
    }
    const { src = '', tag = 'latest', digest, ...rest } = fieldsOf(text)
    if (src === '') throw new Error('local cache importer requires src')
    try {
      // No context has such a name. Nothing but the blobs is lent.
      const name = `.cache-${directories.size}`
      const found = digest || (await digestIn(src, tag))
      if (!(await stat(src)).isDirectory()) throw new Error(`${src} is not a directory`)
      directories.set(name, resolve(src, 'blobs'))
      caches.from.push(withFields({ ...rest, src: name, digest: found }))
    } catch (error) {
      caches.warnings.push(`local cache import at ${src} not found due to err: ${messageOf(error)}`)
    }
  }
  for (const [place, text] of to.entries()) {
    if (!isLocalCache(text)) {
      caches.to.push(text)
      continue
    }
    const { dest = '', tag = 'latest', ...rest } = fieldsOf(text)
    if (dest === '') throw new Error('local cache exporter requires dest')
    await mkdir(dest, { recursive: true })
    targets.set(place, { path: resolve(dest), tag, ignoreError: rest['ignore-error'] === 'true' })
    caches.to.push(withFields(rest))
  }
  return caches
}

function fieldsOf(text: string): Record<string, string> {
  const fields = parseCsv(text).map((field): [string, string] => {
    const equals = field.indexOf('=')
    if (equals < 0) throw new Error(`invalid value ${field}`)
    return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)]
  })
  return Object.fromEntries(fields)
}

const withFields = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

async function digestIn(directory: string, tag: string): Promise<string> {
  const path = join(directory, 'index.json')
  const index = await readLayoutIndex(path)
  if (!index) throw new Error(`open ${path}: no such file or directory`)
  const found = index.manifests.find((each) => tagOf(each) === tag)
  if (!found) throw new Error(`${path} has no cache with the tag ${tag}`)
  return String(found.digest)
}
