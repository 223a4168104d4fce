/** Build contexts: a directory that a client sent as an archive, until the build has ended. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { Files } from '@gantry/build'
import { IgnoreFile } from '@gantry/dockerfile'
import { GantryError, isKind } from '@gantry/errors'
import type { Material } from './attest/provenance.ts'
import { tooLarge } from './context-limit.ts'
import { removeIgnored } from './ignored-files.ts'
import { fetchContext, type RemoteParts } from './remote-context.ts'
import { withoutUser } from './urls.ts'

/** Bytes of a Dockerfile or an ignore file that are read. */
const longestText = 4 << 20

/** Command lines send a Dockerfile from outside of the context under such a name: it is no part of the context. */
const foreignName = /^\.dockerfile\.[0-9a-f-]+$/

export interface ReceivedContext extends AsyncDisposable {
  root: string
  /** The text of the Dockerfile; its name is a path in the context. */
  dockerfile: string
  /** Whether the ignore file has taken a path out. */
  ignores(path: string): boolean
  /** Where it was fetched from. */
  source?: Material
}

/** Files from elsewhere. */
export interface FetchedFiles extends AsyncDisposable {
  root: string
  source: Material
}

interface RemoteRequest extends Pick<RemoteParts, 'access' | 'signal'> {
  archive: Readable
  /** Of the Dockerfile. */
  name: string
}

export class Contexts {
  readonly #directory: string
  readonly #archive: ArchiveWorkers
  readonly #files: Files
  readonly #registries: RemoteParts['registries']
  readonly #limit: number

  /** `directory` is of its own: what an earlier daemon left in it goes. `limit`: bytes of one context. */
  constructor(
    directory: string,
    archive: ArchiveWorkers,
    files: Files,
    registries: RemoteParts['registries'],
    limit: number,
  ) {
    this.#limit = limit
    this.#directory = directory
    this.#archive = archive
    this.#files = files
    this.#registries = registries
  }

  async clean(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
  }

  /** Unpacks an archive, everything root's, and takes out what its ignore file names. Rejects leaving nothing. */
  async receive(archive: Readable, name: string, signal: AbortSignal): Promise<ReceivedContext> {
    await using undo = new AsyncDisposableStack()
    const root = await this.#directoryFor(undo)
    await this.#unpack(archive, root, signal)
    return await this.#received(root, name, undo)
  }

  /**
   * Fetches a repository, an archive or a Dockerfile. `archive` is what the client sent besides: nothing, or a
   * Dockerfile under a foreign name.
   */
  async fetch(address: string, { archive, name, access, signal }: RemoteRequest): Promise<ReceivedContext> {
    await using undo = new AsyncDisposableStack()
    const remote = await fetchContext(address, this.#remoteParts(access, signal), undo)
    const root = remote.kind === 'directory' ? remote.root : await this.#directoryFor(undo)
    if (remote.kind === 'archive') await this.#unpack(remote.archive, root, signal)
    if (foreignName.test(name)) await this.#unpack(archive, root, signal)
    else archive.resume()
    if (remote.kind === 'dockerfile') await writeFile(join(root, 'Dockerfile'), remote.text)
    const file = remote.kind === 'dockerfile' ? 'Dockerfile' : name
    return { ...(await this.#received(root, file, undo)), source: remote.source }
  }

  /** Fetches the files of a repository or an archive. Rejects leaving nothing. */
  async fetchFiles(
    address: string,
    access: Omit<RemoteParts['access'], 'keepGitDir'>,
    signal: AbortSignal,
  ): Promise<FetchedFiles> {
    await using undo = new AsyncDisposableStack()
    const parts = this.#remoteParts({ ...access, keepGitDir: false }, signal)
    const remote = await fetchContext(address, parts, undo)
    if (remote.kind === 'dockerfile')
      throw new GantryError(
        'InvalidParameter',
        `${withoutUser(address)} is neither a repository nor an archive`,
      )
    const root = remote.kind === 'directory' ? remote.root : await this.#directoryFor(undo)
    if (remote.kind === 'archive') await this.#unpack(remote.archive, root, signal)
    const kept = undo.move()
    return { root, source: remote.source, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  #remoteParts(access: RemoteParts['access'], signal: AbortSignal): RemoteParts {
    const [directory, files, registries] = [this.#directory, this.#files, this.#registries]
    return { directory, files, registries, access, largest: this.#limit, signal }
  }

  async #directoryFor(undo: AsyncDisposableStack): Promise<string> {
    const root = join(this.#directory, randomUUID())
    undo.defer(() => rm(root, { recursive: true, force: true }))
    await mkdir(root, { mode: 0o755 })
    return root
  }

  async #unpack(archive: Readable, root: string, signal: AbortSignal): Promise<void> {
    const owner = { uid: 0, gid: 0 }
    const most = { bytes: this.#limit, message: tooLarge(this.#limit).message }
    await using directory = await open(root)
    const view = { kind: 'open' as const, fd: directory.fd }
    await this.#archive.unpack(archive, { view, path: '/', keepKinds: false, owner, most, signal })
  }

  async #received(root: string, name: string, undo: AsyncDisposableStack): Promise<ReceivedContext> {
    const dockerfile = await this.#text(root, name)
    if (dockerfile === null) {
      const climbs = posix.normalize(name).startsWith('../')
      const problem = climbs
        ? `forbidden path outside the build context: ${name} ()`
        : `Cannot locate specified Dockerfile: ${name}`
      throw new GantryError('InvalidParameter', problem)
    }
    if (dockerfile.trim() === '')
      throw new GantryError('InvalidParameter', `the Dockerfile (${name}) cannot be empty`)
    const ignore =
      (await this.#text(root, `${name}.dockerignore`)) ?? (await this.#text(root, '.dockerignore'))
    const rules = new IgnoreFile(ignore ?? '')
    if (ignore) await removeIgnored(root, rules)
    if (foreignName.test(name)) await rm(join(root, name), { force: true })
    const kept = undo.move()
    const ignores = (path: string): boolean => rules.ignores(posix.join('/', path).slice(1) || '.')
    return { root, dockerfile, ignores, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  async #text(root: string, name: string): Promise<string | null> {
    try {
      // To open a pipe would wait for somebody who writes to it, for ever.
      const flags = constants.O_RDONLY | constants.O_NONBLOCK
      await using file = await open(await this.#files.resolve(root, name), flags)
      const status = await file.stat()
      if (!status.isFile())
        throw new GantryError('InvalidParameter', `${name} is not a file that can be read`)
      if (status.size > longestText)
        throw new GantryError('InvalidParameter', `${name} is larger than ${longestText} bytes`)
      return await file.readFile('utf8')
    } catch (error) {
      if (isKind(error, 'NotFound')) return null
      throw error
    }
  }
}
