/** The session of a build: the engine asks for files, secrets and agents while it runs. */
import { basename } from 'node:path'
import type { Duplex } from 'node:stream'
import type { FileSource, FilesRequest } from '@gantry/buildkit'
import type { CommandContext } from '../framework/command.ts'
import { directoryKey } from './directory-key.ts'

export interface SessionOffer {
  /** The directory of the context; null when the context comes in another way. */
  root: string | null
  /** Named contexts. */
  directories: ReadonlyMap<string, string>
  /** Small files in a directory that is called `dockerfile`: their texts by their names. */
  texts: ReadonlyMap<string, string>
  secret(id: string): Promise<Uint8Array | null>
  /** Opens connections to an ssh agent; null when there is none of that name. */
  agent(id: string): (() => Duplex) | null
}

/** Opens a session and resolves to its id. It lasts until it is disposed of. */
export async function openSession(
  client: CommandContext['client'],
  offer: SessionOffer,
): Promise<AsyncDisposable & { id: string }> {
  const { comparePaths, goMode, serve, servicesOf, sessionHeaders } = await import('@gantry/buildkit')
  const { directorySource } = await import('./directory-source.ts')
  const { root, texts, directories } = offer

  const textSource = (): FileSource => ({
    entries: () =>
      [...texts]
        .sort(([a], [b]) => comparePaths(a, b))
        .map(([path, text]) => ({
          path,
          mode: goMode('file', 0o644),
          uid: 0,
          gid: 0,
          size: Buffer.byteLength(text),
          modTime: 0n,
          linkname: '',
          devmajor: 0,
          devminor: 0,
          xattrs: new Map(),
        })),
    content: ({ path }) => [Buffer.from(texts.get(path) ?? '')],
  })

  const files = (request: FilesRequest): FileSource => {
    if (request.directory === 'dockerfile') return textSource()
    if (request.directory === 'context' && root !== null) return directorySource(root, request)
    const named = directories.get(request.directory)
    if (named !== undefined) return directorySource(named, request)
    throw new Error(`no access allowed to dir ${JSON.stringify(request.directory)}`)
  }

  const services = servicesOf({ files, secret: offer.secret, agent: offer.agent })
  const description = {
    id: crypto.randomUUID(),
    name: basename(root ?? 'build'),
    sharedKey: root === null ? '' : directoryKey(root),
    methods: services.map(({ path }) => path),
  }
  const headers = { ...sessionHeaders(description), Upgrade: 'h2c' }
  const { stream } = await client.hijack('Session', { headers })
  const served = serve(stream, services)
  served.catch(() => undefined)
  return {
    id: description.id,
    async [Symbol.asyncDispose]() {
      stream.destroy()
      await served
    },
  }
}
