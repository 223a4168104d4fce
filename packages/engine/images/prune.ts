import type { ImageDeleteResponseItem } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { Filters } from '../contracts.ts'
import { checkFilters, matchesPruneLabels, untilFilter } from '../services/filters.ts'
import { isDangling } from './dangling.ts'
import type { ImageParts } from './dependencies.ts'
import { createdAt } from './list.ts'
import { removeUnused } from './remove.ts'

export interface Pruned {
  deleted: ImageDeleteResponseItem[]
  /** Bytes of file content in the layers that went. */
  spaceReclaimed: number
}

/** `POST /images/prune`: removes images that no container uses; those with tags only with `dangling=false`. */
export async function pruneImages(parts: ImageParts, filters: Filters): Promise<Pruned> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until'])
  const danglingOnly = isDanglingOnly(filters)
  const until = untilFilter(filters, new Date())
  const { catalog, usersOfImage } = parts
  const deleted: ImageDeleteResponseItem[] = []
  const sizes = await layerSizes(parts)
  for (const image of catalog.images()) {
    const prunable =
      usersOfImage(image.id).length === 0 &&
      (!danglingOnly || isDangling(catalog.namesOf(image.id))) &&
      (until === undefined || createdAt(image) < until.getTime()) &&
      matchesPruneLabels(filters, image.labels)
    if (prunable) deleted.push(...(await removeUnused(parts, image)))
  }
  const spaceReclaimed = deleted.reduce((sum, { Deleted }) => sum + (sizes.get(Deleted ?? '') ?? 0), 0)
  parts.events.publish('image', 'prune', '', { reclaimed: String(spaceReclaimed) })
  return { deleted, spaceReclaimed }
}

/** The client adds `dangling=true` to whatever its user says, so one clear word among the values is enough. */
function isDanglingOnly({ dangling = [] }: Filters): boolean {
  if (dangling.some((value) => value === 'false' || value === '0')) return false
  if (dangling.length === 0 || dangling.some((value) => value === 'true' || value === '1')) return true
  throw new GantryError('InvalidParameter', `Invalid filter 'dangling=[${dangling.join(' ')}]'`)
}

async function layerSizes({ layers }: ImageParts): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for (const chainId of await layers.list()) sizes.set(chainId, await layers.size(chainId))
  return sizes
}
