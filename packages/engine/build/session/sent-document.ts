/** The body in which a small context is sent: JSON, whose author is not to be trusted. */
import type { Readable } from 'node:stream'
import { json } from '@gantry/oci'

/** Bytes of the document. The command line sends a quarter of it at most. */
const mostBytes = 1 << 20

export interface SentFile {
  path: string
  /** In Go's bits. */
  mode: number
  size: number
  /** Nanoseconds since 1970. */
  time: string
  /** Target of a symbolic link; of a file, the path that it is another name of. */
  link: string
  /** Content, in base64. */
  data: string
}

export interface SentDocument {
  /** The same for each build of one client in one directory. */
  key: string
  name: string
  /** The Dockerfile and its own ignore file, by their names. */
  texts: Readonly<Record<string, string>>
  /** The files of the context in the order of a walk. */
  files: readonly SentFile[]
}

/** Rejects with InvalidParameter for a body that is larger, or no such document. Paths and modes are not looked at. */
export async function sentDocument(body: Readable): Promise<SentDocument> {
  const what = 'the context'
  const pieces: Buffer[] = []
  let size = 0
  // Left open on an early exit: the same connection carries the answer.
  for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > mostBytes) throw json.malformed(what, `larger than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  const { key, name, texts, files } = json.parseJsonObject(Buffer.concat(pieces), what, mostBytes)
  return {
    key: json.string(key, what),
    name: json.string(name, what),
    texts: json.map(texts, what, json.string),
    files: json.list(files, what, file),
  }
}

function file(value: unknown, what: string): SentFile {
  const { path, mode, size, time, link, data } = json.object(value, what)
  const nanoseconds = json.string(time, what)
  if (!/^-?\d{1,20}$/.test(nanoseconds)) throw json.malformed(what, 'a time that is none')
  return {
    path: json.string(path, what),
    mode: natural(mode, what, 0xffff_ffff),
    size: natural(size, what, mostBytes),
    time: nanoseconds,
    link: json.string(link, what),
    data: json.optional(data, what, json.string) ?? '',
  }
}

function natural(value: unknown, what: string, most: number): number {
  const number = json.integer(value, what)
  if (number < 0 || number > most) throw json.malformed(what, `${number} is not between 0 and ${most}`)
  return number
}
