/** `--build-context name=…`: directories are lent to the build, image layouts are sent before it, the rest is only named. */
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { isGitUrl } from '@gantry/dockerfile'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci/tar'
import type { CommandContext } from '../framework/command.ts'

type Client = CommandContext['client']

export interface NamedContexts {
  /** The parameter of the API. */
  query: Record<string, string>
  /** What a session is to lend, by name. */
  directories: ReadonlyMap<string, string>
}

/** Rejects with Error in buildx's words. */
export async function sendContexts(client: Client, texts: readonly string[]): Promise<NamedContexts> {
  const contexts: Record<string, string> = {}
  const directories = new Map<string, string>()
  for (const [name, value] of texts.map(nameAndValue)) {
    contexts[name] = await place(client, name, value)
    if (contexts[name] === 'local') directories.set(name, await directory(name, value))
  }
  const query: Record<string, string> = texts.length > 0 ? { contexts: JSON.stringify(contexts) } : {}
  return { query, directories }
}

function nameAndValue(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals < 0) throw new Error(`invalid context value: ${text}, expected key=value`)
  const name = text.slice(0, equals)
  if (!/^[A-Za-z0-9][\w./:@-]*$/.test(name) || name === 'context' || name === 'dockerfile')
    throw new Error(`invalid context name ${name}`)
  return [name, text.slice(equals + 1)]
}

/** Where the engine finds a context; `local` for a directory. */
async function place(client: Client, name: string, value: string): Promise<string> {
  if (value.startsWith('docker-image://')) return value
  if (value.startsWith('target:'))
    throw new Error(`context ${name}: target: is for files of docker buildx bake; a stage is named by itself`)
  if (isGitUrl(value) || /^https?:\/\//.test(value)) return value
  if (value.startsWith('oci-layout://')) return sendLayout(client, name, value.slice('oci-layout://'.length))
  return 'local'
}

async function directory(name: string, path: string): Promise<string> {
  const root = await realpath(path).catch(() => null)
  if (!root || !(await lstat(root)).isDirectory())
    throw new Error(`failed to get build context path {${name} ${path}}: no such directory`)
  return root
}

/** `path[:tag][@digest]` */
async function sendLayout(client: Client, name: string, value: string): Promise<string> {
  const [, path = '', tag, digest] = /^(.*?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(value) ?? []
  const root = await directory(name, path)
  const query = { ...(tag && { tag }), ...(digest && { digest }) }
  const body = Readable.from(writeTar(layoutFiles(root)), { objectMode: false })
  const headers = { 'Content-Type': 'application/x-tar' }
  const { ID: id } = await client.call('BuildLayout', { query, headers, body })
  return `layout:${id}`
}

/** The files of a layout, and no more of its directory. */
async function* layoutFiles(root: string): AsyncGenerator<TarInput> {
  for (const name of ['oci-layout', 'index.json']) {
    const content = await readFile(join(root, name)).catch(() => {
      throw new Error(`${root} is no image layout: it has no ${name}`)
    })
    yield { header: entryHeader({ name, type: 'file', size: content.length }), content: [content] }
  }
  for (const name of await readdir(join(root, 'blobs/sha256')).catch(() => [])) {
    const path = join(root, 'blobs/sha256', name)
    const { size } = await lstat(path)
    yield {
      header: entryHeader({ name: `blobs/sha256/${name}`, type: 'file', size }),
      ...(size > 0 && { content: createReadStream(path, { end: size - 1 }) as AsyncIterable<Buffer> }),
    }
  }
}
