import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { ContainerRecord } from './record.ts'
import type { Registry } from './registry.ts'
import { pause, unpause } from './state.ts'

/**
 * Stops every process of a container, or lets them go on. `changes` are written to the row along with the state.
 * Throws Conflict in Docker's words.
 */
export async function freeze(
  container: Container,
  frozen: boolean,
  registry: Registry,
  { events, faults }: Pick<ContainerDependencies, 'events' | 'faults'>,
  changes: Partial<ContainerRecord> = {},
): Promise<void> {
  await container.lock.run(async () => {
    const state = (frozen ? pause : unpause)(container.record.state, container.id)
    // Written first: whoever finds the container frozen then knows why.
    if (frozen && Object.keys(changes).length > 0) registry.update(container, changes)
    await using undo = new AsyncDisposableStack()
    await set(container, frozen)
    undo.defer(() => set(container, !frozen))
    faults(frozen ? 'container.pause.frozen' : 'container.unpause.thawed')
    registry.update(container, { ...changes, state })
    undo.move()
    announce(events, container, frozen ? 'pause' : 'unpause')
  })
}

async function set({ task }: Container, frozen: boolean): Promise<void> {
  await (frozen ? task?.pause() : task?.resume())
}
