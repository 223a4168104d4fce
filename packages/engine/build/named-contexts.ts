/** Named contexts of builds (`--build-context`): images, image layouts that clients send beforehand, what is behind URLs. */
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { BuildRequest, Files, NamedImage, Sources } from '@gantry/build'
import type { CallerSession } from '@gantry/buildkit'
import { isGitUrl } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { isDigest, type Platform, parseReference } from '@gantry/oci'
import type { LayoutImage } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { type LayoutChoice, loadLayout } from '../images/load/load-layout.ts'
import type { Material } from './attest/provenance.ts'
import type { Contexts } from './context.ts'
import { gitAccess } from './git/access.ts'

/** An image of a layout, under a name of its own. */
type Layout = AsyncDisposable & { reference: string }

/** Images of layouts are called so while a build needs them. */
export const layoutRepository = 'gantry.invalid/layout'

/** How long a layout waits for its build, in milliseconds. */
const patience = 600_000
/** More than a build has. */
const mostWaiting = 100

/** What a build's client lends for its contexts. */
export type LentToContexts = Pick<Sources, 'secret' | 'ssh'> & {
  session: Pick<CallerSession, 'readBlob'> | null
  /** That the build is for. */
  platforms: readonly Platform[]
}

export class NamedContexts {
  readonly #contexts: Pick<Contexts, 'fetchFiles'>
  readonly #images: ImageParts
  readonly #waiting = new Map<string, { layout: Layout; timer: NodeJS.Timeout }>()

  /** Takes away the names that layouts had in an earlier daemon. */
  constructor(contexts: Pick<Contexts, 'fetchFiles'>, images: ImageParts) {
    this.#contexts = contexts
    this.#images = images
    const { catalog } = images
    for (const { name } of catalog.references())
      if (name.startsWith(`${layoutRepository}/`)) catalog.unname(name)
  }

  /** Takes the archive of a layout in; resolves to what a build is to call it. Rejects leaving nothing. */
  async add(archive: Readable, { tag, digest }: LayoutImage): Promise<string> {
    if (this.#waiting.size >= mostWaiting)
      throw new GantryError('Unavailable', 'too many image layouts wait for their builds')
    if (digest !== undefined && !isDigest(digest))
      throw new GantryError('InvalidParameter', `invalid digest ${JSON.stringify(digest)}`)
    const id = randomUUID()
    const wanted = { ...(tag && { tag }), ...(digest && { digest }) }
    const layout = await this.#load(archive, wanted, id)
    const timer = setTimeout(() => void this.#forget(id), patience).unref()
    this.#waiting.set(id, { layout, timer })
    return id
  }

  async #load(archive: Readable, wanted: LayoutChoice, id: string): Promise<Layout> {
    const reference = `${layoutRepository}/${id}:latest`
    const loaded = await loadLayout(this.#images, archive, wanted, parseReference(reference))
    return { reference, [Symbol.asyncDispose]: () => loaded[Symbol.asyncDispose]() }
  }

  async #forget(id: string): Promise<void> {
    await this.#take(id)?.[Symbol.asyncDispose]()
  }

  #take(id: string): Layout | undefined {
    const entry = this.#waiting.get(id)
    clearTimeout(entry?.timer)
    this.#waiting.delete(id)
    return entry?.layout
  }

  /**
   * What the names of a request stand for; it lives on `stack` from now on. `lent` opens private repositories, and has layouts in
   * its session. A name of which nothing but `local` is said, or `local:` with the name of the client's directory, is the business of
   * the request's own sources. Rejects with InvalidParameter, NotFound.
   */
  async open(
    contexts: Readonly<Record<string, string>>,
    lent: LentToContexts,
    stack: AsyncDisposableStack,
    signal: AbortSignal,
  ): Promise<OpenContexts> {
    const images = new Map<string, NamedImage>()
    const roots = new Map<string, string>()
    const locals = new Map<string, string>()
    const materials: Material[] = []
    for (const [name, value] of Object.entries(contexts)) {
      const local = /^local(?::(.+))?$/.exec(value)
      if (local) locals.set(name, local[1] ?? name)
      else if (isGitUrl(value) || /^https?:\/\//.test(value)) {
        const access = isGitUrl(value) ? await gitAccess(value, lent) : {}
        const { root, source } = stack.use(await this.#contexts.fetchFiles(value, access, signal))
        roots.set(name, root)
        materials.push(source)
      } else if (value.startsWith('oci-layout://'))
        images.set(name, shownAs(name, stack.use(await this.#stored(name, value, lent, signal))))
      else images.set(name, this.#image(name, value, stack))
    }
    return { images, roots, locals, materials }
  }

  /** `oci-layout://STORE[:TAG]@DIGEST`: the client has looked up what the tag means. */
  async #stored(
    name: string,
    value: string,
    { session, platforms }: LentToContexts,
    signal: AbortSignal,
  ): Promise<Layout> {
    const [, store, digest = ''] = /^oci-layout:\/\/([^:@/]+)(?::[^@]*)?@(.+)$/.exec(value) ?? []
    if (!session || store === undefined || !isDigest(digest))
      throw new GantryError('InvalidParameter', `unsupported context source ${value} for ${name}`)
    const { sessionLayout } = await import('./session/session-layout.ts')
    const archive = sessionLayout(session, { store: `oci:${store}`, digest }, platforms, signal)
    return await this.#load(archive, { digest }, randomUUID())
  }

  #image(name: string, value: string, stack: AsyncDisposableStack): NamedImage {
    const [, kind, rest = ''] = /^(docker-image:\/\/|layout:|target:)(.*)$/.exec(value) ?? []
    if (kind === 'docker-image://') return imageReference(name, rest)
    // What another build of the same client has made.
    if (kind === 'target:' && isDigest(rest)) return { reference: rest, shown: name }
    if (kind !== 'layout:')
      throw new GantryError('InvalidParameter', `unsupported context source ${value} for ${name}`)
    const layout = this.#take(rest)
    if (!layout)
      throw new GantryError('NotFound', `the layout for the context ${JSON.stringify(name)} was not sent`)
    return shownAs(name, stack.use(layout))
  }
}

export interface OpenContexts {
  images: ReadonlyMap<string, NamedImage>
  /** Directories with what was fetched. */
  roots: ReadonlyMap<string, string>
  /** Those whose files the client has, and what it calls their directories. */
  locals: ReadonlyMap<string, string>
  /** What was fetched. */
  materials: readonly Material[]
}

/** The request with its named contexts. */
export function withContexts(
  request: BuildRequest,
  { images, roots, locals }: OpenContexts,
  files: Pick<Files, 'tree'>,
): BuildRequest {
  const { sources } = request
  const trees = new Map([...roots].map(([name, root]) => [name, files.tree(root)]))
  return {
    ...request,
    contexts: [...locals.keys(), ...trees.keys()],
    namedImages: images,
    sources: {
      ...sources,
      context: async (name, ...rest) => trees.get(name) ?? sources.context(locals.get(name) ?? name, ...rest),
    },
  }
}

/** A layout's own reference means nothing to anybody: its context has a name. */
const shownAs = (name: string, { reference }: Layout): NamedImage => ({ reference, shown: name })

function imageReference(name: string, text: string): NamedImage {
  try {
    parseReference(text)
    return { reference: text, shown: text }
  } catch (cause) {
    throw new GantryError(
      'InvalidParameter',
      `invalid image ${JSON.stringify(text)} for the context ${name}`,
      { cause },
    )
  }
}
