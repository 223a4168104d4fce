/**
 * What a client has of a build's result: a definition (BuildKit's LLB), which it hands back as it is when another build goes on
 * from that result. Ours has one source, which says what image it is.
 */
import { createHash } from 'node:crypto'
import { bytes, list, type MessageOf, map, message, nested, pieces, text } from '../wire/message.ts'

const Source = message({ identifier: text(1) })
const Input = message({ digest: text(1) })
const Operation = message({ inputs: list(1, Input), source: nested(3, Source) })

/** `operations` are encoded; the last one has what comes out as its input. Clients refuse one without metadata. */
export const Definition = message({ operations: pieces(1), metadata: map(2, bytes(2)) })
export type Definition = MessageOf<typeof Definition>

const scheme = 'gantry-image://'

/** The definition of an image of this engine, by its id. */
export function imageDefinition(id: string): Definition {
  const source = Operation.encode({ source: { identifier: `${scheme}${id}` } })
  const digest = `sha256:${createHash('sha256').update(source).digest('hex')}`
  const end = Operation.encode({ inputs: [{ digest }] })
  return { operations: [source, end], metadata: new Map([[digest, new Uint8Array(0)]]) }
}

/** The image that a definition stands for; null for one that was not made here. Throws InvalidParameter for no definition at all. */
export function imageOfDefinition(encoded: Uint8Array): string | null {
  for (const operation of Definition.decode(encoded).operations) {
    const { identifier = '' } = Operation.decode(operation).source ?? {}
    if (identifier.startsWith(scheme)) return identifier.slice(scheme.length)
  }
  return null
}
