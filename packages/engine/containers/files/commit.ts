/** `POST /commit`: an image of a container as it is. */
import type { ContainerConfig } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import { type Digest, hostPlatform, type Platform, parseRunConfig } from '@gantry/oci'
import type { CommitOptions } from '../../contracts.ts'
import { applyChanges } from '../../images/index.ts'
import { announce } from '../announce.ts'
import type { Container } from '../container.ts'
import type { ContainerDependencies } from '../dependencies.ts'
import { freeze } from '../freeze.ts'
import { mergeConfig } from '../merge-config.ts'
import type { Registry } from '../registry.ts'
import { upperOf } from './upper.ts'

/** Resolves to the image's id. A container that the daemon pauses for it goes on whatever happens, even to the daemon. */
export async function commit(
  container: Container,
  options: CommitOptions,
  registry: Registry,
  deps: ContainerDependencies,
): Promise<Digest> {
  refuseGoing(container)
  const { record } = container
  const { repo, tag, comment = '', author } = options
  const config = configOf(record.config, options)
  await using undo = new AsyncDisposableStack()
  if (options.pause && record.state.status === 'running') undo.use(await pauseFor(container, registry, deps))
  deps.faults('container.commit.paused')
  const { id, name } = await deps.images.commit(
    async () => {
      const layer = await deps.archive.layer(await upperOf(deps, record))
      deps.faults('container.commit.packed')
      return layer
    },
    {
      parent: record.image?.id ?? null,
      platform: platformOf(record),
      config,
      createdBy: (record.config.Cmd ?? []).join(' '),
      comment,
      ...(author && { author }),
      ...(repo && { repo }),
      ...(tag && { tag }),
    },
  )
  deps.faults('container.commit.stored')
  await undo.disposeAsync()
  announce(deps.events, container, 'commit', { comment, imageID: id, imageRef: name })
  return id
}

function refuseGoing({ id, record }: Container): void {
  const { status } = record.state
  const problem = { dead: 'which is Dead', removing: 'which is being removed' }[String(status)]
  if (problem) throw new GantryError('Conflict', `You cannot commit container ${id} ${problem}`)
}

function platformOf({ image }: Container['record']): Platform {
  if (!image) return hostPlatform()
  const { os, architecture, variant } = image
  return { os, architecture, ...(variant && { variant }) }
}

/** The request's configuration, or the container's, with the changes made; what it leaves out is the container's. */
function configOf(own: ContainerConfig, { config, changes }: CommitOptions): ContainerConfig {
  const changed = applyChanges(parseRunConfig(config ?? own, 'config'), changes ?? [])
  const { Labels, ...merged } = mergeConfig(changed as ContainerConfig, own)
  return { ...merged, ...(Labels && Object.keys(Labels).length > 0 && { Labels }) }
}

/** The container's processes stand still until this is disposed of. */
async function pauseFor(
  container: Container,
  registry: Registry,
  deps: ContainerDependencies,
): Promise<AsyncDisposable> {
  await freeze(container, true, registry, deps, { pausedForCommit: true }).catch(unlessEnded)
  return {
    async [Symbol.asyncDispose]() {
      // Somebody else may have let it go on, or ended it.
      if (!container.record.pausedForCommit || container.gone) return
      if (container.record.state.status === 'paused')
        await freeze(container, false, registry, deps, { pausedForCommit: false }).catch(unlessEnded)
      else registry.update(container, { pausedForCommit: false })
    },
  }
}

/** Its end, or a pause by somebody else, is no reason not to commit it. */
function unlessEnded(error: unknown): void {
  if (!isKind(error)) throw error
}
