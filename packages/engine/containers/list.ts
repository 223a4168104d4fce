import type { ContainerSummary } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import type { ContainerListOptions } from '../contracts.ts'
import { checkFilters } from '../services/filters.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { acceptedFilters, compileFilters } from './filters.ts'
import { sizes } from './inspect.ts'
import { linkNames } from './links.ts'
import type { Registry } from './registry.ts'
import { isUp } from './state.ts'
import { summary } from './summary.ts'

type ListDependencies = Pick<ContainerDependencies, 'images' | 'networks' | 'paths' | 'clock'>

/** GET /containers/json: newest first. Throws InvalidParameter for a filter that is not known. */
export async function list(
  registry: Registry,
  options: ContainerListOptions,
  deps: ListDependencies,
): Promise<ContainerSummary[]> {
  const filters = options.filters ?? {}
  checkFilters(filters, acceptedFilters)
  const accepts = await compileFilters(filters, deps)
  const everything = options.all || (options.limit ?? 0) > 0 || filters.status !== undefined
  let found = between(registry, filters).filter((one) => (everything || isActive(one)) && accepts(one.record))
  if (options.limit && options.limit > 0) found = found.slice(0, options.limit)
  const nameOf = imageNames(deps)
  const otherNames = linkNames(registry)
  return await Promise.all(
    found.map(async (container) => ({
      ...summary(container, await nameOf(container), otherNames.get(container.id) ?? [], deps),
      ...(options.size && (await sizes(container.record, deps))),
    })),
  )
}

function isActive({ record }: Container): boolean {
  return isUp(record.state) || record.state.status === 'restarting'
}

/** All containers, newest first; with `before` and `since` only those made before or after the named one. */
function between(registry: Registry, filters: NonNullable<ContainerListOptions['filters']>): Container[] {
  const all = registry.all().reverse()
  const position = (reference: string) => {
    try {
      return all.indexOf(registry.find(reference))
    } catch (error) {
      if (!isKind(error, 'NotFound')) throw error
      throw new GantryError('NotFound', `no such container ${reference}`)
    }
  }
  const first = Math.max(-1, ...(filters.before ?? []).map(position)) + 1
  const last = Math.min(all.length, ...(filters.since ?? []).map(position))
  return all.slice(first, last)
}

/** The reference that the user gave, while it still means the container's image; else the image's id. */
function imageNames({ images }: Pick<ListDependencies, 'images'>) {
  const ids = new Map<string, Promise<string | null>>()
  return async ({ record }: Container): Promise<string> => {
    const { Image: reference = '' } = record.config
    const id = record.image?.id ?? ''
    if (reference === '' || reference === id) return reference
    const known =
      ids.get(reference) ??
      images.resolve(reference).then(
        (image) => image.id,
        () => null,
      )
    ids.set(reference, known)
    return (await known) === id ? reference : id
  }
}
