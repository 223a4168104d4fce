import { join } from 'node:path'
import { isKind } from '@gantry/errors'
import type { Filters } from '../contracts.ts'
import { checkFilters, matchesPruneLabels, untilFilter } from '../services/filters.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { Registry } from './registry.ts'
import type { Remover } from './remove.ts'
import { sizeOf } from './size.ts'

/** Removes stopped containers that the filters `label`, `label!` and `until` leave. Throws InvalidParameter. */
export async function prune(
  registry: Registry,
  remover: Remover,
  filters: Filters,
  { clock, paths, events }: Pick<ContainerDependencies, 'clock' | 'paths' | 'events'>,
): Promise<{ deleted: string[]; spaceReclaimed: number }> {
  checkFilters(filters, ['label', 'label!', 'until'])
  const until = untilFilter(filters, clock.now())
  const deleted: string[] = []
  let spaceReclaimed = 0
  for (const container of registry.all().filter((one) => isPrunable(one, filters, until))) {
    const size = await sizeOf(join(paths.containers, container.id, 'upper'))
    try {
      await remover.remove(container, {})
    } catch (error) {
      // It was started or removed meanwhile.
      if (isKind(error, 'Conflict') || isKind(error, 'NotFound')) continue
      throw error
    }
    deleted.push(container.id)
    spaceReclaimed += size
  }
  events.publish('container', 'prune', '', { reclaimed: String(spaceReclaimed) })
  return { deleted, spaceReclaimed }
}

function isPrunable({ record }: Container, filters: Filters, until: Date | undefined): boolean {
  if (!['created', 'exited', 'dead'].includes(record.state.status)) return false
  if (until && Date.parse(record.created) >= until.getTime()) return false
  return matchesPruneLabels(filters, record.config.Labels ?? {})
}
