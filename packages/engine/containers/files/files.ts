import type { Readable } from 'node:stream'
import type { PathStat, TreeView } from '@gantry/archive'
import { GantryError, isKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import type { CommitOptions, ContainerFiles, ExtractOptions, FilesystemChanges } from '../../contracts.ts'
import { announce } from '../announce.ts'
import type { Container } from '../container.ts'
import type { ContainerDependencies } from '../dependencies.ts'
import { rootFilesystem } from '../paths.ts'
import { notFound, type Registry } from '../registry.ts'
import { commit } from './commit.ts'
import { Transfers } from './transfers.ts'
import { upperOf } from './upper.ts'
import { FileViews } from './views.ts'

/** A writer that stands still for so long gives way to whoever waits for the container, in milliseconds. */
const longestPause = 10_000
/** What stands in the root as a mount and is the engine's, not the container's. */
const ownMounts = ['dev']

/** Files into and out of containers: `cp`, `export`, `diff`. */
export class FileService implements ContainerFiles {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #views: FileViews
  readonly #outgoing = new Transfers()
  readonly #incoming = new Transfers()

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
    this.#views = new FileViews(deps, registry)
  }

  async stat(reference: string, path: string): Promise<PathStat> {
    const container = this.#registry.find(reference)
    return await reading(container, async () => {
      await using opened = await this.#views.read(container)
      return await this.#deps.archive.stat(opened.view, path).catch(namePath(reference))
    })
  }

  async archive(
    reference: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ stat: PathStat; body: Readable }> {
    const container = this.#registry.find(reference)
    using transfer = await this.#outgoing.begin(signal)
    await using undo = new AsyncDisposableStack()
    const opened = undo.use(await this.#views.read(container))
    const { answer, body } = await reading(container, () =>
      this.#deps.archive.pack(opened.view, path, ownMounts).catch(namePath(reference)),
    )
    const held = undo.move()
    body.once('close', () => void held.disposeAsync())
    announce(this.#deps.events, container, 'archive-path')
    return { stat: answer, body: transfer.carry(body) }
  }

  async extract(
    reference: string,
    path: string,
    archive: Readable,
    { keepKinds = false, asUser = false, signal: leaving }: ExtractOptions,
  ): Promise<void> {
    const { events, faults, spec } = this.#deps
    const container = this.#registry.find(reference)
    const { record } = container
    using transfer = await this.#incoming.begin(leaving)
    const write = async (view: TreeView) => {
      faults('container.extract.mounted')
      const owner =
        asUser && record.config.User
          ? await spec.owner({ record, rootfs: await rootFilesystem(this.#deps, record) })
          : null
      using patience = new Patience(container)
      const waits = (forSource: boolean) => {
        patience.waits(forSource)
        transfer.waits(forSource)
      }
      const signals = [patience.signal, transfer.signal, ...(leaving ? [leaving] : [])]
      const request = { view, path, keepKinds, owner, signal: AbortSignal.any(signals), waits }
      await this.#deps.archive.unpack(archive, request).catch(namePath(reference))
      faults('container.extract.unpacked')
    }
    await unlessGone(container, () => this.#views.write(container, write))
    announce(events, container, 'extract-to-dir')
  }

  async export(reference: string, signal?: AbortSignal): Promise<Readable> {
    const container = this.#registry.find(reference)
    using transfer = await this.#outgoing.begin(signal)
    const body = await reading(container, async () =>
      this.#deps.archive.export(await this.#views.rootOnly(container)),
    )
    const carried = transfer.carry(body)
    announce(this.#deps.events, container, 'export')
    return carried
  }

  async changes(reference: string): Promise<FilesystemChanges> {
    const container = this.#registry.find(reference)
    const changes = await reading(container, async () =>
      this.#deps.archive.changes(await upperOf(this.#deps, container.record)),
    )
    return changes.map(({ path, kind }) => ({ Path: path, Kind: kind }))
  }

  async commit(reference: string, options: CommitOptions): Promise<Digest> {
    return await commit(this.#registry.find(reference), options, this.#registry, this.#deps)
  }
}

/** A removal does not wait for who only reads: what fails then is told as if the container had not been there. */
async function reading<T>(container: Container, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isGone = container.gone || container.record.state.status === 'removing'
    throw isGone ? notFound(container.id) : error
  }
}

/** Whatever fails in a container that was removed meanwhile fails for that reason. */
async function unlessGone<T>(container: Container, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isGone = container.gone || container.record.state.status === 'removing'
    throw isGone ? notFound(container.id) : error
  }
}

/** A path that names nothing, in Docker's words. */
function namePath(reference: string): (error: unknown) => never {
  return (error) => {
    if (!isKind(error, 'NotFound')) throw error
    throw new GantryError('NotFound', `Could not find the file ${error.message} in container ${reference}`)
  }
}

/**
 * Watches a client that writes into a container which is kept from starting meanwhile. It may take its time, but not at
 * the expense of somebody who waits.
 */
class Patience implements Disposable {
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  /** Since when the client is waited for; null while it is not. */
  #since: number | null = null

  constructor(container: Container) {
    const abort = new AbortController()
    this.signal = abort.signal
    this.#timer = setInterval(() => {
      if (this.#since === null || performance.now() - this.#since < longestPause || !container.lock.contended)
        return
      abort.abort(
        new GantryError('Cancelled', 'the archive did not go on while others waited for the container'),
      )
    }, 1000)
    this.#timer.unref()
  }

  readonly waits = (forSource: boolean): void => {
    this.#since = forSource ? performance.now() : null
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
