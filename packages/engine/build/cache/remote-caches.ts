/** The caches that a build names: opened before it, given out after it. */
import type { RemoteCache } from '@gantry/build'
import { type Descriptor, familiarName } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Internal } from '../step-numbers.ts'
import { type ExportParts, type ExportRequest, exportCache } from './export-cache.ts'
import { type ImportOptions, openRemoteCache } from './import-cache.ts'
import type { CacheSource, CacheTarget } from './specs.ts'

/** A cache that cannot be had is told of, and no more. */
export async function openCaches(
  images: ImageParts,
  sources: readonly CacheSource[],
  options: ImportOptions,
  told: Internal,
): Promise<RemoteCache[]> {
  const caches: RemoteCache[] = []
  for (const source of sources) {
    const open = (): Promise<RemoteCache> => openRemoteCache(images, source, options)
    // Docker's classic builder says nothing of them.
    const opening =
      source.type === 'image' ? open() : told(`importing cache manifest from ${nameOf(source)}`, open)
    await opening.then(
      (cache) => caches.push(cache),
      () => options.signal.throwIfAborted(),
    )
  }
  return caches
}

/**
 * Resolves to the manifest of what the last content store of the client's session has: it is for the client to name. Rejects
 * with the first failure that is not to be ignored.
 */
export async function exportCaches(
  parts: ExportParts,
  targets: readonly CacheTarget[],
  request: Omit<ExportRequest, 'target'>,
  told: Internal,
): Promise<Descriptor | null> {
  let stored: Descriptor | null = null
  for (const target of targets) {
    const { to, ignoreError } = target
    const where = to.type === 'registry' ? `registry ${familiarName(to.reference)}` : 'client directory'
    try {
      const made = await told(`exporting cache to ${where}`, () => exportCache(parts, { ...request, target }))
      if (to.type === 'store') stored = made
    } catch (error) {
      if (!ignoreError || request.signal.aborted) throw error
    }
  }
  return stored
}

const nameOf = (source: Exclude<CacheSource, { type: 'image' }>): string =>
  source.type === 'registry' ? familiarName(source.reference) : `local:${source.digest}`
