import type { Container } from './container.ts'
import type { Registry } from './registry.ts'
import { sharedContainer } from './validate-modes.ts'

/** The containers that must run for this one to start: it shares their namespaces, or has links to them. */
export function neededBy({ record }: Container, registry: Registry): Container[] {
  const { NetworkMode, IpcMode, PidMode } = record.hostConfig
  const shared = [NetworkMode, IpcMode, PidMode].flatMap((mode) => sharedContainer(mode) ?? [])
  const linked = (record.links ?? []).map(({ target }) => target)
  return [...new Set([...shared, ...linked])].flatMap((reference) => {
    try {
      return registry.find(reference)
    } catch {
      return [] // gone, or known by a name it had: its start will say so
    }
  })
}

/** The containers in an order in which each comes after those it needs. One that needs itself, however, comes somewhere. */
export function inStartOrder(containers: Iterable<Container>, registry: Registry): Container[] {
  const wanted = new Set(containers)
  const ordered = new Set<Container>()
  const visited = new Set<Container>()
  const visit = (container: Container): void => {
    if (visited.has(container)) return
    visited.add(container)
    neededBy(container, registry).forEach(visit)
    if (wanted.has(container)) ordered.add(container)
  }
  wanted.forEach(visit)
  return [...ordered]
}
