/** A build context as an archive: a directory without what its ignore file names, or what came on standard input. */
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { IgnoreFile, isRemoteContext } from '@gantry/dockerfile'
import { entryHeader, type TarHeader, type TarInput, writeTar } from '@gantry/oci'

export interface BuildContext {
  archive: Readable
  /** Path of the Dockerfile in the archive. */
  dockerfile: string
  /** Its text, to show the lines of a mistake; null when only the engine knows it. */
  text: string | null
  /** Address of a context that the engine fetches. */
  remote?: string
  /** Of a directory, from which the engine can also ask for single files. */
  directory?: ContextDirectory
}

export interface ContextDirectory {
  root: string
  /** The texts of the Dockerfile and of its own ignore file, by their names; the Dockerfile's is the first. */
  texts: ReadonlyMap<string, string>
}

/** A name that no file of a context has. */
const foreignName = (): string => `.dockerfile.${crypto.randomUUID().slice(0, 18)}`

/** `path` is `-` or a directory; `file` is what `--file` says. Throws Error in Docker's words. */
export async function openContext(path: string, file: string, stdin: Readable): Promise<BuildContext> {
  if (isRemoteContext(path)) return fromRemote(path, file, stdin)
  if (path === '-') {
    if (file === '-')
      throw new Error("invalid argument: can't use stdin for both build context and dockerfile")
    return fromStdin(stdin, file)
  }
  const root = await directory(path)
  if (file === '-') {
    const text = Buffer.concat(await Array.fromAsync(stdin as AsyncIterable<Buffer>)).toString()
    return fromDirectory(root, foreignName(), text, null)
  }
  const wanted = resolve(file === '' ? join(root, 'Dockerfile') : file)
  const found = await realpath(wanted).catch(() => {
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${wanted}: no such file or directory`,
    )
  })
  const text = await readFile(found, 'utf8')
  const inside = relative(root, found)
  if (inside.startsWith('..')) return fromDirectory(root, foreignName(), text, `${found}.dockerignore`)
  return fromDirectory(root, inside, text, `${found}.dockerignore`, true)
}

async function directory(path: string): Promise<string> {
  const status = await lstat(resolve(path)).catch(() => null)
  if (!status) throw new Error(`unable to prepare context: path ${JSON.stringify(path)} not found`)
  const root = await realpath(path)
  if (!(await lstat(root)).isDirectory())
    throw new Error(`unable to prepare context: context must be a directory: ${root}`)
  return root
}

async function fromDirectory(
  root: string,
  dockerfile: string,
  text: string,
  ownIgnore: string | null,
  isInside = false,
): Promise<BuildContext> {
  const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)
  const rules = (ownIgnore && (await read(ownIgnore))) ?? (await read(join(root, '.dockerignore'))) ?? ''
  const ignore = new IgnoreFile(rules)
  // What the engine itself needs goes along, whatever the rules say.
  const always = new Set([...(isInside ? [dockerfile, `${dockerfile}.dockerignore`] : []), '.dockerignore'])
  const entries = async function* (): AsyncGenerator<TarInput> {
    if (!isInside) yield textEntry(dockerfile, text)
    yield* walk(root, '', ignore, always)
  }
  const own = ownIgnore && (await read(ownIgnore))
  const name = basename(isInside ? dockerfile : (ownIgnore?.replace(/\.dockerignore$/, '') ?? 'Dockerfile'))
  const texts = new Map([[name, text], ...(own !== null ? [[`${name}.dockerignore`, own] as const] : [])])
  const archive = Readable.from(writeTar(entries()), { objectMode: false })
  return { archive, dockerfile, text, directory: { root, texts } }
}

/** The engine fetches the context; a Dockerfile from here goes along. */
async function fromRemote(remote: string, file: string, stdin: Readable): Promise<BuildContext> {
  if (file !== '-')
    return { archive: Readable.from([]), dockerfile: file || 'Dockerfile', text: null, remote }
  const dockerfile = foreignName()
  const text = Buffer.concat(await Array.fromAsync(stdin as AsyncIterable<Buffer>)).toString()
  const archive = Readable.from(writeTar([textEntry(dockerfile, text)]), { objectMode: false })
  return { archive, dockerfile, text, remote }
}

function textEntry(name: string, text: string): TarInput {
  const content = Buffer.from(text)
  return {
    header: entryHeader({ name, type: 'file', mode: 0o600, size: content.length }),
    content: [content],
  }
}

async function* walk(
  root: string,
  path: string,
  ignore: IgnoreFile,
  always: ReadonlySet<string>,
): AsyncGenerator<TarInput> {
  const names = await readdir(join(root, path))
  for (const name of names.sort()) {
    const child = path === '' ? name : `${path}/${name}`
    const status = await lstat(join(root, child)).catch(() => null)
    if (!status) continue // it has gone meanwhile
    const isNeeded = [...always].some((kept) => kept === child || kept.startsWith(`${child}/`))
    const isIgnored = ignore.ignores(child) && !isNeeded
    if (!isIgnored) {
      const entry = await describe(root, child, status)
      if (entry) yield entry
    }
    if (status.isDirectory() && (isNeeded || !ignore.prunes(child))) yield* walk(root, child, ignore, always)
  }
}

type Status = Awaited<ReturnType<typeof lstat>>

/** Everything belongs to root in an image. Sockets and devices have no place in a context. */
async function describe(root: string, name: string, status: Status): Promise<TarInput | null> {
  const milliseconds = Number(status.mtimeMs)
  const common = {
    mode: Number(status.mode) & 0o7777,
    modified: {
      seconds: Math.floor(milliseconds / 1000),
      nanoseconds: Math.floor(milliseconds % 1000) * 1e6,
    },
  } satisfies Partial<TarHeader>
  if (status.isDirectory()) return { header: entryHeader({ name: `${name}/`, type: 'directory', ...common }) }
  if (status.isSymbolicLink()) {
    const linkName = await readlink(join(root, name))
    return { header: entryHeader({ name, type: 'symlink', linkName, ...common }) }
  }
  if (!status.isFile()) return null
  const size = Number(status.size)
  return {
    header: entryHeader({ name, type: 'file', size, ...common }),
    ...(size > 0 && { content: contentOf(join(root, name), size) }),
  }
}

/** Exactly as many bytes as announced, also when the file grows meanwhile. */
async function* contentOf(path: string, size: number): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20, end: size - 1 })
  yield* file as AsyncIterable<Buffer>
}

/** An archive goes on as it is; anything else is a Dockerfile without a context. */
async function fromStdin(stdin: Readable, file: string): Promise<BuildContext> {
  const chunks = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>
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
  if (isArchive(head))
    return {
      archive: Readable.from(rest(), { objectMode: false }),
      dockerfile: file || 'Dockerfile',
      text: null,
    }
  const text = Buffer.concat(await Array.fromAsync(rest())).toString()
  const archive = Readable.from(writeTar([textEntry('Dockerfile', text)]), { objectMode: false })
  return { archive, dockerfile: 'Dockerfile', text }
}

const isArchive = (head: Buffer): boolean =>
  head.toString('latin1', 257, 262) === 'ustar' ||
  [
    [0x1f, 0x8b],
    [0x28, 0xb5, 0x2f, 0xfd],
    [0x42, 0x5a, 0x68],
    [0xfd, 0x37, 0x7a],
  ].some((magic) => magic.every((byte, index) => head[index] === byte))

/** The name of a Dockerfile as it is shown. */
export const shownName = (file: string): string =>
  file === '' || file === '-' ? 'Dockerfile' : basename(file)
