import { readdir, rm } from 'node:fs/promises'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { announce } from '../containers/announce.ts'
import type { Container } from '../containers/container.ts'
import type { ContainerDependencies } from '../containers/dependencies.ts'
import type { Registry } from '../containers/registry.ts'
import { notRunning } from '../containers/state.ts'
import type { CheckpointReference, Checkpoints } from '../contracts.ts'
import { checkpointsOf, makeNew, parentOf, pathOf, requireCheckpoint } from './directory.ts'

type CheckpointDependencies = Pick<ContainerDependencies, 'paths' | 'events'>

/** The state of containers' processes on disk: `POST /containers/{id}/checkpoints` and its like. */
export class CheckpointService implements Checkpoints {
  readonly #deps: CheckpointDependencies
  readonly #registry: Registry

  constructor(deps: CheckpointDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  async create(
    reference: string,
    checkpoint: CheckpointReference,
    { exit }: { exit: boolean },
  ): Promise<void> {
    const container = this.#registry.find(reference)
    const path = pathOf(this.#own(container), checkpoint)
    await container.lock.run(async () => {
      const { task, record } = container
      if (!task) throw notRunning(container.id)
      if (record.config.Tty) {
        throw new GantryError('InvalidParameter', 'checkpoint not supported on containers with tty')
      }
      await makeNew(path, checkpoint.id, reference).catch(
        prefixed(`cannot checkpoint container ${reference}`),
      )
      try {
        await task.checkpoint({ directory: path, leaveRunning: !exit })
      } catch (error) {
        await rm(path, { recursive: true, force: true })
        return prefixed(`Cannot checkpoint container ${reference}`)(error)
      }
    })
    announce(this.#deps.events, container, 'checkpoint')
  }

  async list(reference: string, directory?: string): Promise<string[]> {
    const own = this.#own(this.#registry.find(reference))
    const entries = await readdir(parentOf(own, directory), { withFileTypes: true }).catch(noneWhenMissing)
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  }

  async remove(reference: string, checkpoint: CheckpointReference): Promise<void> {
    const path = pathOf(this.#own(this.#registry.find(reference)), checkpoint)
    await requireCheckpoint(path, checkpoint.id, reference)
    await rm(path, { recursive: true })
  }

  #own({ id }: Container): string {
    return checkpointsOf(this.#deps.paths.containers, id)
  }
}

function noneWhenMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

function prefixed(prefix: string): (error: unknown) => never {
  return (error) => {
    const kind = isKind(error) ? error.kind : 'System'
    throw new GantryError(kind, `${prefix}: ${messageOf(error)}`, { cause: error })
  }
}
