/** Named contexts of builds (`--build-context`): images, image layouts, and directories that clients send beforehand. */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { BuildRequest, Files } from '@gantry/build'
import { isGitUrl } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { isDigest, parseReference } from '@gantry/oci'
import type { ContextUpload } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { loadLayout } from '../images/load/load-layout.ts'
import type { Material } from './attest/provenance.ts'
import type { Contexts } from './context.ts'

/** What a build uses under a name. */
type Named = AsyncDisposable & ({ kind: 'files'; root: string } | { kind: 'image'; reference: string })

/** Images of layouts are called so while a build needs them. */
export const layoutRepository = 'gantry.invalid/layout'

/** How long what was sent waits for its build, in milliseconds. */
const patience = 600_000
/** More than a build has. */
const mostWaiting = 100

export class NamedContexts {
  readonly #contexts: Pick<Contexts, 'unpack' | 'fetchFiles'>
  readonly #images: ImageParts
  readonly #waiting = new Map<string, { named: Named; timer: NodeJS.Timeout }>()

  constructor(contexts: Pick<Contexts, 'unpack' | 'fetchFiles'>, images: ImageParts) {
    this.#contexts = contexts
    this.#images = images
  }

  /** Takes an archive in; resolves to what a build is to call it. Rejects leaving nothing. */
  async add(archive: Readable, { type, tag, digest }: ContextUpload, signal: AbortSignal): Promise<string> {
    if (this.#waiting.size >= mostWaiting)
      throw new GantryError('Unavailable', 'too many build contexts wait for their builds')
    const id = randomUUID()
    const named =
      type === 'directory'
        ? { kind: 'files' as const, ...(await this.#contexts.unpack(archive, signal)) }
        : await this.#layout(archive, { ...(tag && { tag }), ...(digest && { digest }) }, id)
    const timer = setTimeout(() => void this.#forget(id), patience).unref()
    this.#waiting.set(id, { named, timer })
    return id
  }

  async #layout(archive: Readable, choice: { tag?: string; digest?: string }, id: string): Promise<Named> {
    const { tag, digest } = choice
    if (digest !== undefined && !isDigest(digest))
      throw new GantryError('InvalidParameter', `invalid digest ${JSON.stringify(digest)}`)
    const reference = `${layoutRepository}/${id}:latest`
    const wanted = { ...(tag && { tag }), ...(digest && { digest }) }
    const loaded = await loadLayout(this.#images, archive, wanted, parseReference(reference))
    return { kind: 'image', reference, [Symbol.asyncDispose]: () => loaded[Symbol.asyncDispose]() }
  }

  async #forget(id: string): Promise<void> {
    await this.#take(id)?.[Symbol.asyncDispose]()
  }

  #take(id: string): Named | undefined {
    const entry = this.#waiting.get(id)
    clearTimeout(entry?.timer)
    this.#waiting.delete(id)
    return entry?.named
  }

  /**
   * What the names of a request stand for; what was sent lives on `stack` from now on. A name of which nothing but
   * `local` is said is the business of the request's own sources. Rejects with InvalidParameter, NotFound.
   */
  async open(
    contexts: Readonly<Record<string, string>>,
    stack: AsyncDisposableStack,
    signal: AbortSignal,
  ): Promise<OpenContexts> {
    const images = new Map<string, string>()
    const roots = new Map<string, string>()
    const names: string[] = []
    const locals: string[] = []
    const materials: Material[] = []
    for (const [name, value] of Object.entries(contexts)) {
      if (isGitUrl(value) || /^https?:\/\//.test(value)) {
        const { root, source } = stack.use(await this.#contexts.fetchFiles(value, signal))
        roots.set(name, root)
        materials.push(source)
        continue
      }
      const [, kind = '', rest = ''] = /^([a-z-]+):(?:\/\/)?(.*)$/.exec(value) ?? []
      if (kind === 'docker-image') images.set(name, imageReference(name, rest))
      else if (kind === 'local') {
        names.push(name)
        locals.push(name)
      } else if (kind === 'upload') {
        const named = this.#take(rest)
        if (!named) throw new GantryError('NotFound', `the context ${JSON.stringify(name)} was not sent`)
        stack.use(named)
        if (named.kind === 'image') images.set(name, named.reference)
        else {
          roots.set(name, named.root)
          locals.push(name)
        }
      } else throw new GantryError('InvalidParameter', `unsupported context source ${value} for ${name}`)
    }
    return { images, roots, names: [...names, ...roots.keys()], locals, materials }
  }
}

export interface OpenContexts {
  images: ReadonlyMap<string, string>
  roots: ReadonlyMap<string, string>
  names: readonly string[]
  /** Those whose files come from the client. */
  locals: readonly string[]
  /** What was fetched. */
  materials: readonly Material[]
}

/** The request with its named contexts. */
export function withContexts(
  request: BuildRequest,
  { images, roots, names }: OpenContexts,
  files: Pick<Files, 'tree'>,
): BuildRequest {
  const { sources } = request
  const trees = new Map([...roots].map(([name, root]) => [name, files.tree(root)]))
  return {
    ...request,
    contexts: names,
    namedImages: images,
    sources: {
      ...sources,
      context: async (name, ...rest) => trees.get(name) ?? sources.context(name, ...rest),
    },
  }
}

function imageReference(name: string, text: string): string {
  try {
    parseReference(text)
    return text
  } catch (cause) {
    throw new GantryError(
      'InvalidParameter',
      `invalid image ${JSON.stringify(text)} for the context ${name}`,
      { cause },
    )
  }
}
