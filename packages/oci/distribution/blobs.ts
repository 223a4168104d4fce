/** Blobs from an offset on, counted but not hashed: that is for whoever stores them. */
import { Readable, Transform, type TransformCallback } from 'node:stream'
import type { Descriptor } from '../manifest.ts'
import { bodyError, discard } from './answers.ts'
import type { BlobAnswer, BlobOptions } from './contracts.ts'
import { RegistryError } from './errors.ts'
import type { RepositoryHost } from './repository.ts'
import type { Answer } from './transport.ts'

const partial = 206

/** See Repository.blob. */
export async function openBlob(
  host: RepositoryHost,
  { digest, size }: Descriptor,
  { offset = 0, validator, signal }: BlobOptions,
): Promise<BlobAnswer> {
  // There is nothing to ask for, and no range that says so.
  if (offset >= size) return { stream: Readable.from([]), offset, host: host.name }
  const answer = await host.send({
    method: 'GET',
    path: `/blobs/${digest}`,
    headers: {
      'Accept-Encoding': 'identity',
      ...(offset > 0 && { Range: `bytes=${offset}-` }),
      ...(offset > 0 && validator && { 'If-Range': validator }),
    },
    wanted: 'blob',
    signal,
  })
  const start = startOf(answer, offset, size)
  const etag = answer.headers.etag
  return {
    stream: counted(answer.body, size - start),
    offset: start,
    ...(etag?.startsWith('"') && { validator: etag }),
    host: host.name,
  }
}

/** Where the answer's body begins. Throws when it is not what was asked for. */
function startOf(answer: Answer, offset: number, size: number): number {
  const problem = (why: string): RegistryError => {
    discard(answer)
    return new RegistryError('invalid-answer', why)
  }
  const encoding = answer.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw problem(`the blob came in the content encoding ${encoding}, which was not asked for`)
  let start = 0
  if (answer.status === partial) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '') ?? []
    if (Number(first) !== offset)
      throw problem('the registry sent another part of the blob than was asked for')
    if (total !== '*' && Number(total) !== size)
      throw problem(`the blob has ${total} bytes instead of ${size}`)
    start = offset
  }
  const length = answer.headers['content-length']
  if (length !== undefined && Number(length) !== size - start)
    throw problem(`the blob has ${Number(length) + start} bytes instead of ${size}`)
  return start
}

/** Fails when more or fewer bytes come than `expected`, and in the client's words when the connection breaks. */
function counted(body: Readable, expected: number): Readable {
  let left = expected
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      left -= chunk.length
      if (left < 0) done(new RegistryError('invalid-answer', `the blob has more than ${expected} bytes`))
      else done(null, chunk)
    },
    flush(done: TransformCallback) {
      done(left > 0 ? new RegistryError('unreachable', 'unexpected EOF') : null)
    },
  })
  body.on('error', (error) => count.destroy(bodyError(error) as Error))
  // It arrives at whoever reads, who may not have begun.
  count.on('error', () => {})
  count.on('close', () => body.destroy())
  return body.pipe(count)
}
