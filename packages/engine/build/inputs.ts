/** What a build is made of: its Dockerfile, its contexts, downloads, secrets and agents; wherever they come from. */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Files, FileTree, Sources } from '@gantry/build'
import type { CallerSession, Sessions } from '@gantry/buildkit'
import { isGitUrl } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { digestOf, hexOf } from '@gantry/oci'
import type { EngineBuildRequest, HoldSession } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import type { Material } from './attest/provenance.ts'
import type { Contexts, ReceivedContext } from './context.ts'
import { type Download, download } from './download.ts'
import { gitAccess } from './git/access.ts'
import { loadedOnce } from './loaded-once.ts'
import { repositoryTree } from './remote-context.ts'
import { RunningBuilds } from './running-builds.ts'
import type { SessionContextParts, SessionContextRequest } from './session/session-context.ts'
import type { Internal } from './step-numbers.ts'
import { withoutUser } from './urls.ts'

/** Where clients of BuildKit say that an archive on their standard input is. */
const standardInput = 'http://buildkit-session/'

export interface InputParts extends SessionContextParts {
  contexts: Contexts
  files: Files
  images: Pick<ImageParts, 'transfers'>
  /** For downloads of running builds. */
  directory: string
}

export interface BuildInput {
  /** The text of the Dockerfile. */
  dockerfile: string
  sources: Sources
  /** Whether the ignore file takes a path out of the context, where that is known. */
  ignores?(path: string): boolean
  /** What has been downloaded so far. */
  materials: readonly Material[]
  /** Where the context was fetched from, if it was. */
  source?: Material
  /** Of the client, which may take what the build gives out. */
  session?: CallerSession
}

/** The input of one build. Disposing of it gives back what was opened. */
export interface OpenInput extends AsyncDisposable {
  /** Aborted when the build must end: its client has gone, or somebody has cancelled it. */
  readonly signal: AbortSignal
  /** What the client lends, also before the input is open. */
  readonly lent: Pick<Sources, 'secret' | 'ssh'> & { session: CallerSession | null }
  open(internal: Internal): Promise<BuildInput>
}

/** Where the parts of one build's input come from. */
interface Origins {
  received: ReceivedContext | null
  session: CallerSession | null
  /** Answers what is asked of a client: its session, or what it has sent in the place of one. */
  lender: SessionContextRequest['session'] | null
  /** Sessions that only lend directories, by the names of these. */
  others: ReadonlyMap<string, CallerSession>
}

const loadSentFiles = loadedOnce(() => import('./session/sent-files.ts'))
const loadSessionContext = loadedOnce(() => import('./session/session-context.ts'))

async function sentFiles(body: Readable): Promise<SessionContextRequest['session']> {
  const { SentFiles } = await loadSentFiles()
  return await SentFiles.read(body)
}

export class BuildInputs {
  readonly running = new RunningBuilds()
  readonly #parts: InputParts
  /** How many builds have a session, by its id. */
  readonly #lent = new Map<string, number>()
  /** Made for the first client that opens one. */
  #openSessions: Promise<Sessions> | null = null

  constructor(parts: InputParts) {
    this.#parts = parts
  }

  #sessions(): Promise<Sessions> {
    this.#openSessions ??= import('@gantry/buildkit').then((buildkit) => new buildkit.Sessions())
    return this.#openSessions
  }

  /** See `Builds.session`. */
  async session(headers: Readonly<Record<string, string | string[] | undefined>>): Promise<HoldSession> {
    const { sessionDescription } = await import('@gantry/buildkit')
    const sessions = await this.#sessions()
    const description = sessionDescription(headers)
    sessions.check(description)
    return (connection, signal) => sessions.hold(description, connection, signal)
  }

  /** See `Builds.dismiss`. */
  async dismiss({ session, buildId }: Pick<EngineBuildRequest, 'session' | 'buildId'>): Promise<void> {
    if (buildId !== undefined) this.running.refuse(buildId)
    if (session !== undefined && !this.#lent.has(session)) (await this.#sessions()).dismiss(session)
  }

  /** Notes that a build has a session, until it has ended. */
  #lend(id: string): Disposable {
    this.#lent.set(id, (this.#lent.get(id) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#lent.get(id) ?? 1) - 1
        if (left === 0) this.#lent.delete(id)
        else this.#lent.set(id, left)
      },
    }
  }

  /** Takes in an archive when that is what the context comes in. Rejects leaving nothing. */
  async begin(request: EngineBuildRequest, archive: Readable, abandoned: AbortSignal): Promise<OpenInput> {
    await using undo = new AsyncDisposableStack()
    const session = request.session ? await (await this.#sessions()).get(request.session, abandoned) : null
    if (request.session) undo.use(this.#lend(request.session))
    const others = await this.#directorySessions(request, undo, abandoned)
    const cancelled = undo.use(this.running.begin(request.buildId)).signal
    const closed = [session, ...others.values()].map((each) => each?.closed)
    const ends = [abandoned, cancelled, request.signal, ...closed]
    const signal = AbortSignal.any(ends.filter((end) => end !== undefined))
    const lender = request.context === 'files' ? await sentFiles(archive) : session
    const isLent = request.context === 'session' || request.context === 'files'
    const received = isLent ? null : undo.use(await this.#received(archive, request, session, signal))
    const stack = undo.move()
    return {
      signal,
      lent: { ...this.#lentBy(session, stack, signal), session },
      open: (internal) => this.#open(request, { received, session, lender, others }, stack, internal, signal),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  }

  async #directorySessions(
    { session: own, directorySessions = {} }: EngineBuildRequest,
    undo: AsyncDisposableStack,
    abandoned: AbortSignal,
  ): Promise<ReadonlyMap<string, CallerSession>> {
    const others = new Map<string, CallerSession>()
    for (const [directory, id] of Object.entries(directorySessions)) {
      if (id === own) continue
      others.set(directory, await (await this.#sessions()).get(id, abandoned))
      undo.use(this.#lend(id))
    }
    return others
  }

  #received(
    archive: Readable,
    request: EngineBuildRequest,
    session: CallerSession | null,
    signal: AbortSignal,
  ): Promise<ReceivedContext> {
    const { contexts } = this.#parts
    const { context, remote = '', dockerfile: name, args } = request
    const receive = (sent: Readable) => contexts.receive(sent, name, signal)
    if (context === 'body') return receive(archive)
    if (context === 'upload') return this.running.uploaded(request.buildId ?? '', receive, signal)
    if (session && remote.startsWith(standardInput)) {
      const path = remote.slice(standardInput.length - 1)
      return receive(Readable.from(session.pull(path, signal), { objectMode: false }))
    }
    const keepGitDir = /^(1|true)$/i.test(args.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '')
    const wanted = { archive, name, access: { keepGitDir }, signal }
    return session && isGitUrl(remote)
      ? this.#fetchedWith(session, remote, wanted)
      : contexts.fetch(remote, wanted)
  }

  /** A private repository, with what the client lends for it. */
  async #fetchedWith(
    session: CallerSession,
    remote: string,
    request: Parameters<Contexts['fetch']>[1],
  ): Promise<ReceivedContext> {
    const { signal } = request
    await using agents = new AsyncDisposableStack()
    const lent = this.#lentBy(session, agents, signal)
    const access = { ...request.access, ...(await gitAccess(remote, lent)) }
    return await this.#parts.contexts.fetch(remote, { ...request, access })
  }

  /** Sockets of agents go with `agents`. */
  #lentBy(
    session: CallerSession | null,
    agents: AsyncDisposableStack,
    signal: AbortSignal,
  ): Pick<Sources, 'secret' | 'ssh'> {
    if (!session) return { secret: async () => null, ssh: async () => null }
    return {
      secret: (id) => session.secret(id, signal),
      ssh: async (id) => {
        const agent = await session.agent(id, join(this.#parts.runDirectory, `agent-${randomUUID()}`), signal)
        return agent ? agents.use(agent).path : null
      },
    }
  }

  async #open(
    { dockerfile: name }: EngineBuildRequest,
    { received, session, lender, others }: Origins,
    stack: AsyncDisposableStack,
    internal: Internal,
    signal: AbortSignal,
  ): Promise<BuildInput> {
    const materials: Material[] = []
    const lent = { dockerfile: name, others, internal, signal }
    const offered = lender ? await this.#offered({ ...lent, session: lender }, stack) : null
    const borrowed = offered?.sources ?? { secret: async () => null, ssh: async () => null }
    const downloads = this.#downloads(materials, borrowed, stack, signal)
    if (received) {
      const { root, dockerfile, ignores } = received
      const tree = this.#parts.files.tree(root)
      const context: Sources['context'] = async (wanted, paths) =>
        wanted === 'context' ? tree : (offered?.sources.context(wanted, paths) ?? null)
      const from = received.source && { source: received.source }
      return {
        dockerfile,
        ignores,
        materials,
        ...from,
        ...(session && { session }),
        sources: { ...downloads, ...borrowed, context },
      }
    }
    if (!offered)
      throw new GantryError('InvalidParameter', 'a context in a session needs the id of the session')
    const dockerfile = await offered.dockerfile()
    const ignores = (path: string): boolean => offered.ignores(path)
    const sources = { ...downloads, ...offered.sources }
    return { dockerfile, ignores, materials, ...(session && { session }), sources }
  }

  async #offered(request: SessionContextRequest, stack: AsyncDisposableStack) {
    const { SessionContext } = await loadSessionContext()
    return stack.use(new SessionContext(this.#parts, request))
  }

  #downloads(
    materials: Material[],
    lent: Pick<Sources, 'secret' | 'ssh'>,
    stack: AsyncDisposableStack,
    signal: AbortSignal,
  ): Pick<Sources, 'http' | 'git'> {
    const { files, directory, images } = this.#parts
    const { registries } = images.transfers
    const downloads = new Map<string, Promise<Download>>()
    const repositories = new Map<string, ReturnType<typeof repositoryTree>>()
    return {
      async http(url, checksum) {
        const known = downloads.get(`${url} ${checksum}`)
        const downloading = known ?? download({ registries, directory, url, checksum, signal })
        downloads.set(`${url} ${checksum}`, downloading)
        const { root, digest } = await downloading
        if (!known) {
          stack.defer(() => rm(root, { recursive: true, force: true }))
          materials.push({ uri: withoutUser(url), digest: { sha256: hexOf(digest) } })
        }
        return files.tree(root)
      },
      async git(url, options) {
        const key = JSON.stringify([url, options])
        const known = repositories.get(key)
        const fetched = async () =>
          repositoryTree(url, { directory, files, signal, ...options, ...(await gitAccess(url, lent)) })
        const repository = known ?? fetched()
        repositories.set(key, repository)
        const { root: cloned, tree, commit } = await repository
        if (!known) {
          stack.defer(() => rm(cloned, { recursive: true, force: true }))
          materials.push({ uri: withoutUser(url), digest: { sha1: commit } })
        }
        const found = files.tree(tree)
        return options.keepGitDir ? ofCommit(found, `${withoutUser(url)} ${commit}`) : found
      },
    }
  }
}

/** A tree with git's own files, which have times in them: what it is a checkout of says what is in it. */
function ofCommit(tree: FileTree, source: string): FileTree {
  return {
    ...tree,
    async digest(selection) {
      await tree.digest(selection) // what is not there is told
      return digestOf(Buffer.from(JSON.stringify(['git', source, selection])))
    },
  }
}
