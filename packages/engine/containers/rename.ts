import { GantryError, isKind } from '@gantry/errors'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { renameTarget } from './links.ts'
import { parseName } from './names.ts'
import type { Registry } from './registry.ts'

/** Throws InvalidParameter for an empty or impossible name, Conflict for one in use. */
export async function rename(
  container: Container,
  text: string,
  registry: Registry,
  { networks, events }: Pick<ContainerDependencies, 'networks' | 'events'>,
): Promise<void> {
  if (text === '') throw new GantryError('InvalidParameter', 'Neither old nor new names may be empty')
  await container.lock.run(async () => {
    const oldName = container.record.name
    const name = allocate(text, oldName, registry)
    registry.update(container, { name })
    renameTarget(container, registry)
    networks.renameContainer(container.id, name)
    announce(events, container, 'rename', { oldName: `/${oldName}` })
  })
}

function allocate(text: string, oldName: string, registry: Registry): string {
  if (text.replace(/^\//, '') === oldName) {
    throw new GantryError('InvalidParameter', 'Renaming a container with the same name as its current name')
  }
  try {
    const name = parseName(text)
    registry.assertNameFree(name)
    return name
  } catch (error) {
    if (!isKind(error)) throw error
    throw new GantryError(error.kind, `Error when allocating new name: ${error.message}`, { cause: error })
  }
}
