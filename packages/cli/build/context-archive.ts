/** What a build is made from: a directory, what came on standard input, or an address that the engine fetches. */
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { IgnoreFile, isRemoteContext } from '@gantry/dockerfile'

export interface BuildContext {
  /** What is sent of it; null for a directory. */
  archive: AsyncIterable<Buffer> | null
  /** Path of the Dockerfile in the archive. */
  dockerfile: string
  /** Its text, to show the lines of a mistake; null when only the engine knows it. */
  text: string | null
  /** Address of a context that the engine fetches. */
  remote?: string
  /** From which the engine asks for files. */
  directory?: ContextDirectory
}

export interface ContextDirectory {
  root: string
  /** The texts of the Dockerfile and of its own ignore file, by their names; the Dockerfile's is the first. */
  texts: ReadonlyMap<string, string>
  /** The text of the ignore file that counts. */
  rules: string
}

/** What the user pipes in. */
type Input = AsyncIterable<Buffer>

async function* nothing(): AsyncGenerator<Buffer> {}

/** A name that no file of a context has. */
const foreignName = (): string => `.dockerfile.${crypto.randomUUID().slice(0, 18)}`

/**
 * `path` is `-` or a directory; `file` is what `--file` says; `stdin` is asked for only when one of them says so. Throws
 * Error in Docker's words.
 */
export async function openContext(path: string, file: string, stdin: () => Input): Promise<BuildContext> {
  if (isRemoteContext(path)) return fromRemote(path, file, stdin)
  if (path === '-') {
    if (file === '-')
      throw new Error("invalid argument: can't use stdin for both build context and dockerfile")
    return fromStdin(stdin(), file)
  }
  const root = directory(path)
  if (file === '-') {
    const text = Buffer.concat(await Array.fromAsync(stdin())).toString()
    return fromDirectory(root, 'Dockerfile', text, null)
  }
  const wanted = resolve(file === '' ? join(root, 'Dockerfile') : file)
  // `--file <(command)`: a pipe has no other path, and can be read once.
  if (statSync(wanted, { throwIfNoEntry: false })?.isFIFO())
    return fromDirectory(root, 'Dockerfile', readFileSync(wanted, 'utf8'), null)
  const found = realPath(wanted)
  if (found === null)
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${wanted}: no such file or directory`,
    )
  const text = readFileSync(found, 'utf8')
  return fromDirectory(root, basename(found), text, `${found}.dockerignore`)
}

function directory(path: string): string {
  const root = realPath(path)
  if (root === null) throw new Error(`unable to prepare context: path ${JSON.stringify(path)} not found`)
  if (!lstatSync(root).isDirectory())
    throw new Error(`unable to prepare context: context must be a directory: ${root}`)
  return root
}

/** Null for what is not there, or cannot be reached. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

/** Null for what is not there, or cannot be read. */
function readText(path: string): string | null {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : null
  } catch {
    return null
  }
}

/** `ownIgnore` is where the Dockerfile's own ignore file would be. Throws DockerfileProblem for a malformed one. */
function fromDirectory(root: string, name: string, text: string, ownIgnore: string | null): BuildContext {
  const own = ownIgnore && readText(ownIgnore)
  const texts = new Map([[name, text], ...(own !== null ? [[`${name}.dockerignore`, own] as const] : [])])
  const rules = own ?? readText(join(root, '.dockerignore')) ?? ''
  new IgnoreFile(rules)
  return { archive: null, dockerfile: name, text, directory: { root, texts, rules } }
}

/** The engine fetches the context; a Dockerfile from here goes along. */
async function fromRemote(remote: string, file: string, stdin: () => Input): Promise<BuildContext> {
  if (file !== '-') return { archive: nothing(), dockerfile: file || 'Dockerfile', text: null, remote }
  const dockerfile = foreignName()
  const text = Buffer.concat(await Array.fromAsync(stdin())).toString()
  return { archive: await archiveOf(dockerfile, text), dockerfile, text, remote }
}

/** An archive of one file. */
async function archiveOf(name: string, text: string): Promise<AsyncIterable<Buffer>> {
  const { entryHeader, writeTar } = await import('@gantry/oci/tar')
  const content = Buffer.from(text)
  const header = entryHeader({ name, type: 'file', mode: 0o600, size: content.length })
  return writeTar([{ header, content: [content] }])
}

/** An archive goes on as it is; anything else is a Dockerfile without a context. */
async function fromStdin(stdin: Input, file: string): Promise<BuildContext> {
  const chunks = stdin[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < 512) {
    const next = await chunks.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  }
  if (await isArchive(head)) return { archive: rest(), dockerfile: file || 'Dockerfile', text: null }
  const text = Buffer.concat(await Array.fromAsync(rest())).toString()
  return { archive: await archiveOf('Dockerfile', text), dockerfile: 'Dockerfile', text }
}

const compressions = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a],
]

async function isArchive(head: Buffer): Promise<boolean> {
  if (compressions.some((magic) => magic.every((byte, index) => head[index] === byte))) return true
  const { isTarHeader } = await import('@gantry/oci/tar')
  return isTarHeader(head)
}

/** The name of a Dockerfile as it is shown. */
export const shownName = (file: string): string =>
  file === '' || file === '-' ? 'Dockerfile' : basename(file)
