/** Which files of a directory are asked for, as headers of the call. */
import type { Metadata } from '../grpc/channel.ts'

export interface FilesRequest {
  /** The name that the client gave a directory: `context`, `dockerfile`, … */
  directory: string
  /** Patterns of what is sent; everything without any. */
  include?: readonly string[]
  /** Patterns, as in .dockerignore, of what is not. */
  exclude?: readonly string[]
  /** Paths that are sent with what the symbolic links on the way lead to. */
  follow?: readonly string[]
}

const names = { include: 'include-patterns', exclude: 'exclude-patterns', follow: 'followpaths' } as const
const directoryName = 'dir-name'
const encodedName = 'key-encoded'

/** Values outside of printable ASCII are encoded as in a query, and a header says so. */
export function filesMetadata({ directory, ...patterns }: FilesRequest): Metadata {
  const lists = Object.entries(names).flatMap(([key, header]): [string, readonly string[]][] => {
    const values = patterns[key as keyof typeof names] ?? []
    return values.length > 0 ? [[header, values]] : []
  })
  const isPlain = [[directory], ...lists.map(([, values]) => values)].flat().every((text) => plain.test(text))
  const encode = (text: string): string => (isPlain ? text : encodeURIComponent(text).replaceAll('%20', '+'))
  return {
    [directoryName]: encode(directory),
    ...Object.fromEntries(lists.map(([header, values]) => [header, values.map(encode)])),
    ...(!isPlain && { [encodedName]: '1' }),
  }
}

/** A comma would be taken for the end of a value where values are joined. */
const plain = /^[\x21-\x2b\x2d-\x7e]([\x20-\x2b\x2d-\x7e]*[\x21-\x2b\x2d-\x7e])?$/

/** The request in a call's headers. */
export function filesRequest(metadata: (name: string) => readonly string[]): FilesRequest {
  const isEncoded = metadata(encodedName)[0] === '1'
  const values = (name: string): string[] =>
    metadata(name).map((text) => (isEncoded ? decodeURIComponent(text.replaceAll('+', '%20')) : text))
  return {
    directory: values(directoryName)[0] ?? '',
    include: values(names.include),
    exclude: values(names.exclude),
    follow: values(names.follow),
  }
}
