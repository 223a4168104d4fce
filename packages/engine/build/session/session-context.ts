/** The contexts of a build whose client has a session open: its files are asked for when they are needed. */
import { randomUUID } from 'node:crypto'
import { join, posix } from 'node:path'
import type { Files, FileTree, Sources } from '@gantry/build'
import type { CallerSession, FileSink, FilesRequest } from '@gantry/buildkit'
import { IgnoreFile, ignoreRules } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import type { TreeChange } from '../files/apply.ts'
import type { Internal } from '../step-numbers.ts'
import type { KeptTrees } from './kept-trees.ts'
import { TextFiles } from './text-files.ts'
import { TreeSync } from './tree-sync.ts'

export interface SessionContextParts {
  trees: KeptTrees
  files: Files
  applyChanges(root: string, changes: readonly TreeChange[], signal: AbortSignal): Promise<void>
  /** For sockets of ssh agents. */
  runDirectory: string
  /** Bytes of one context. */
  contextLimit: number
}

type Lender = Pick<CallerSession, 'description' | 'receiveFiles' | 'secret' | 'agent'>

export interface SessionContextRequest {
  session: Lender
  /** Sessions of directories that `session` does not lend, by the names of the directories. */
  others?: ReadonlyMap<string, Lender>
  /** Path of the Dockerfile in the client's directory `dockerfile`. */
  dockerfile: string
  internal: Internal
  signal: AbortSignal
}

export class SessionContext implements AsyncDisposable {
  readonly #parts: SessionContextParts
  readonly #request: SessionContextRequest
  readonly #stack = new AsyncDisposableStack()
  readonly #contexts = new Map<string, Promise<FileTree>>()
  readonly #agents = new Map<string, Promise<string | null>>()
  #ignored: string[] = []
  #rules = new IgnoreFile('')

  constructor(parts: SessionContextParts, request: SessionContextRequest) {
    this.#parts = parts
    this.#request = request
  }

  /** The text of the Dockerfile. Rejects with InvalidParameter when there is none. */
  async dockerfile(): Promise<string> {
    const { dockerfile: name } = this.#request
    const own = `${name}.dockerignore`
    const [definition, context] = await Promise.all([
      this.#load(`[internal] load build definition from ${posix.basename(name)}`, 'dockerfile', [name, own]),
      this.#load('[internal] load .dockerignore', 'context', ['.dockerignore']),
    ])
    this.#ignored = leftOut(definition.text(own) ?? context.text('.dockerignore') ?? '')
    this.#rules = new IgnoreFile(this.#ignored.join('\n'))
    const text = definition.text(name)
    if (text === null)
      throw new GantryError(
        'InvalidParameter',
        `failed to read dockerfile: open ${name}: no such file or directory`,
      )
    if (text.trim() === '')
      throw new GantryError('InvalidParameter', `the Dockerfile (${name}) cannot be empty`)
    return text
  }

  /** Whether the ignore file takes a path of the context out. */
  ignores(path: string): boolean {
    return this.#rules.ignores(posix.join('/', path).slice(1) || '.')
  }

  get sources(): Pick<Sources, 'context' | 'secret' | 'ssh'> {
    const { session, signal } = this.#request
    return {
      context: (name, paths) => {
        const known = this.#contexts.get(name) ?? this.#context(name, paths)
        this.#contexts.set(name, known)
        return known
      },
      secret: (id) => session.secret(id, signal),
      ssh: (id) => {
        const known = this.#agents.get(id) ?? this.#agent(id)
        this.#agents.set(id, known)
        return known
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whatever is under way puts what it has opened on the stack.
    await Promise.allSettled([...this.#contexts.values(), ...this.#agents.values()])
    await this.#stack.disposeAsync()
  }

  /** Small files of a directory of the client. */
  async #load(name: string, directory: string, follow: string[]): Promise<TextFiles> {
    const what = directory === 'dockerfile' ? 'transferring dockerfile:' : 'transferring context:'
    return this.#request.internal(name, async (progress) => {
      const files = new TextFiles()
      progress(what, await this.#receive({ directory, follow }, files))
      return files
    })
  }

  #receive(request: FilesRequest, sink: FileSink): Promise<number> {
    return this.#lenderOf(request.directory).receiveFiles(request, sink, this.#request.signal)
  }

  #lenderOf(directory: string): Lender {
    const { session, others } = this.#request
    return others?.get(directory) ?? session
  }

  async #context(name: string, paths: readonly string[]): Promise<FileTree> {
    const { internal } = this.#request
    const { sharedKey, name: sessionName, id } = this.#lenderOf(name).description
    const rules = name === 'context' ? this.#ignored : await this.#ownRules(name)
    const shownName = name === 'context' ? 'build context' : `context ${name}`
    return internal(`[internal] load ${shownName}`, async (progress) => {
      // A client that does not say who it is is another one each time.
      const client = sharedKey === '' ? id : `${sharedKey} ${sessionName}`
      const tree = this.#stack.use(await this.#parts.trees.take(JSON.stringify([client, name, rules])))
      const sync = new TreeSync({
        known: tree.entries,
        ignore: rules.length > 0 ? new IgnoreFile(rules.join('\n')) : null,
        begin: () => tree.invalidate(),
        apply: (changes) => this.#parts.applyChanges(tree.root, changes, this.#request.signal),
        largest: this.#parts.contextLimit,
        progress: (bytes) => progress('transferring context:', bytes),
      })
      const follow = followPaths(paths)
      const request = { directory: name, exclude: rules, ...(follow && { follow }) }
      try {
        progress('transferring context:', await this.#receive(request, sync))
        const entries = await sync.finish()
        if (sync.changed) await tree.save(entries)
      } finally {
        await sync.settled() // before the tree goes to somebody else, or is removed
      }
      return this.#parts.files.tree(tree.root, tree.memo)
    })
  }

  /** Of a named context. */
  async #ownRules(name: string): Promise<string[]> {
    const files = await this.#load(`[internal] load .dockerignore of ${name}`, name, ['.dockerignore'])
    return leftOut(files.text('.dockerignore') ?? '')
  }

  async #agent(id: string): Promise<string | null> {
    const { session, signal } = this.#request
    const agent = await session.agent(id, join(this.#parts.runDirectory, `agent-${randomUUID()}`), signal)
    return agent ? this.#stack.use(agent).path : null
  }
}

/** What a client that sends files leaves out, in the words of its ignore file. */
function leftOut(text: string): string[] {
  return ignoreRules(text).map(({ path, isException }) => {
    const clean = posix.normalize(path).replace(/^\/+(?=.)|(?<=.)\/+$/g, '')
    return `${isException ? '!' : ''}${clean}`
  })
}

/** Null for the whole directory. */
function followPaths(paths: readonly string[]): string[] | null {
  const clean = paths.map((path) => posix.join('/', path).replace(/^\/+|\/+$/g, ''))
  return clean.includes('') || clean.length === 0 ? null : [...new Set(clean)].sort()
}
