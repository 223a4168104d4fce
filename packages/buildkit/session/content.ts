/** Content stores in a client's session, by containerd's API: where `docker buildx` has build caches of type `local`. */
import { GantryError, isKind } from '@gantry/errors'
import type { Channel, Metadata, Method } from '../grpc/channel.ts'
import { bytes, count, int32, message, text } from '../wire/message.ts'

const service = '/containerd.services.content.v1.Content'

export const readContent = {
  path: `${service}/Read`,
  input: message({ digest: text(1), offset: count(2), size: count(3) }),
  output: message({ offset: count(1), data: bytes(2) }),
} satisfies Method<unknown, unknown>

const action = { stat: 0, write: 1, commit: 2 } as const

export const writeContent = {
  path: `${service}/Write`,
  input: message({
    action: int32(1),
    ref: text(2),
    total: count(3),
    expected: text(4),
    offset: count(5),
    data: bytes(6),
  }),
  output: message({ action: int32(1), offset: count(4), total: count(5), digest: text(6) }),
} satisfies Method<unknown, unknown>

/** Bytes of one message. */
const pieceSize = 1 << 20

const inStore = (store: string): Metadata => ({ 'buildkit-attachable-store-id': store })

/** A blob of a store, as it comes: neither its size nor its digest is verified. Rejects with NotFound. */
export async function* readBlob(
  channel: Channel,
  { store, digest }: { store: string; digest: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using call = channel.open(readContent, { metadata: inStore(store), signal })
  await call.send({ digest })
  await call.end()
  for await (const { data } of call.messages()) yield data
}

/** Gives a store a blob, unless it has it. The store verifies it. */
export async function writeBlob(
  channel: Channel,
  { store, digest, size }: { store: string; digest: string; size: number },
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await using call = channel.open(writeContent, { metadata: inStore(store), signal })
  const answers = call.messages()
  const ask = async (asked: Parameters<typeof call.send>[0]): Promise<void> => {
    await call.send(asked)
    if ((await answers.next()).done)
      throw new GantryError('Unavailable', `the client does not take blob ${digest}`)
  }
  try {
    await ask({ action: action.stat, ref: `gantry-${digest}`, total: size, expected: digest })
    let offset = 0
    for await (const chunk of content)
      for (let at = 0; at < chunk.length; at += pieceSize) {
        const data = chunk.subarray(at, at + pieceSize)
        await ask({ action: action.write, total: size, expected: digest, offset, data })
        offset += data.length
      }
    await ask({ action: action.commit, total: size, expected: digest, offset })
    await call.end()
  } catch (error) {
    // It has it already.
    if (!isKind(error, 'Conflict')) throw error
  }
}
