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
  { networks, events, faults }: Pick<ContainerDependencies, 'networks' | 'events' | 'faults'>,
): Promise<void> {
  if (text === '') throw new GantryError('InvalidParameter', 'Neither old nor new names may be empty')
  await container.lock.run(async () => {
    const oldName = container.record.name
    const name = allocate(text, oldName, registry)
    registry.update(container, { name })
    faults('container.rename.recorded')
    tellName(container, registry, networks)
    announce(events, container, 'rename', { oldName: `/${oldName}` })
  })
}

/** Makes a container's name known where it is kept beside its row: its links and its networks. Idempotent. */
export function tellName(
  container: Container,
  registry: Registry,
  networks: Pick<ContainerDependencies['networks'], 'renameContainer'>,
): void {
  renameTarget(container, registry)
  networks.renameContainer(container.id, container.record.name)
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
    // Docker has the slash in front of the name by then.
    const text = error.message.replace(/^Invalid container name \(\/?/, 'Invalid container name (/')
    throw new GantryError(error.kind, `Error when allocating new name: ${text}`, { cause: error })
  }
}
