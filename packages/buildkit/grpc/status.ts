/** gRPC's status codes, and what they are here. */
import { type ErrorKind, GantryError, isKind, messageOf } from '@gantry/errors'
import { bytes, int32, list, message, text } from '../wire/message.ts'

export const ok = 0
const cancelled = 1
const unknown = 2
const unimplemented = 12

const longestMessage = 4096

const kinds: Record<number, ErrorKind> = {
  [cancelled]: 'Cancelled',
  3: 'InvalidParameter',
  5: 'NotFound',
  6: 'Conflict',
  7: 'Forbidden',
  [unimplemented]: 'NotImplemented',
  14: 'Unavailable',
  16: 'Unauthorized',
}

const codes = new Map(Object.entries(kinds).map(([code, kind]) => [kind, Number(code)]))

/** The error of a status other than `ok`. `message` is percent-encoded, as it stands in the trailers. */
export function errorOf(code: number, message: string): GantryError {
  return new GantryError(kinds[code] ?? 'System', decode(message) || `the call failed with code ${code}`)
}

/** What is told of an error beside its message: types by their URLs. */
export interface StatusDetail {
  type: string
  value: Uint8Array
}

/** An error with details for who knows them. */
export class DetailedError extends GantryError {
  readonly details: readonly StatusDetail[]

  constructor(kind: ErrorKind, text: string, details: readonly StatusDetail[], options?: ErrorOptions) {
    super(kind, text, options)
    this.details = details
  }
}

const Detail = message({ type: text(1), value: bytes(2) })
const Status = message({ code: int32(1), message: text(2), details: list(3, Detail) })

/** gRPC's code for an error. */
export const codeOf = (error: unknown): number =>
  isKind(error) ? (codes.get(error.kind) ?? unknown) : unknown

/** The trailers that tell an error. */
export function statusOf(error: unknown): Record<string, string> {
  const [code, text] = [codeOf(error), messageOf(error)]
  const trailers = { 'grpc-status': String(code), 'grpc-message': encode(text) }
  if (!(error instanceof DetailedError)) return trailers
  const status = Status.encode({ code, message: text.slice(0, longestMessage), details: error.details })
  return { ...trailers, 'grpc-status-details-bin': status.toString('base64') }
}

/** Everything but printable ASCII is percent-encoded. */
const encode = (text: string): string =>
  [...Buffer.from(text.slice(0, longestMessage))]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('')

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
