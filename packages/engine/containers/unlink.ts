import { GantryError } from '@gantry/errors'
import type { ContainerDependencies } from './dependencies.ts'
import { openPorts, presentLinks } from './links.ts'
import type { NetworkFiles } from './network-files.ts'
import type { Registry } from './registry.ts'

/**
 * Takes the name `alias` that `container` has for another away, by `container/alias`. Throws NotFound when there is no
 * such link, Conflict for the name that is a container's own.
 */
export async function unlink(
  reference: string,
  { registry, networkFiles }: { registry: Registry; networkFiles: NetworkFiles },
  { networks }: Pick<ContainerDependencies, 'networks'>,
): Promise<void> {
  registry.find(reference)
  const [parentName = '', alias] = reference.replace(/^\//, '').split('/')
  if (alias === undefined)
    throw new GantryError('Conflict', 'Conflict, cannot remove the default link name of the container')
  const parent = registry.find(parentName)
  await parent.lock.run(async () => {
    const present = presentLinks(parent, registry, networks).find((link) => link.alias === alias)
    const links = (parent.record.links ?? []).filter((link) => link.alias !== alias)
    registry.update(parent, { links })
    networks.link(parent.id, openPorts(parent, registry))
    if (present) await networkFiles.unlinked(parent, present)
  })
}
