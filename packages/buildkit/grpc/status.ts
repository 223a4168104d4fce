/** gRPC's status codes, and what they are here. */
import { type ErrorKind, GantryError, isKind, messageOf } from '@gantry/errors'

export const ok = 0
const cancelled = 1
const unknown = 2
const unimplemented = 12

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

/** gRPC's code for an error. */
export const codeOf = (error: unknown): number =>
  isKind(error) ? (codes.get(error.kind) ?? unknown) : unknown

/** The trailers that tell an error. */
export function statusOf(error: unknown): { 'grpc-status': string; 'grpc-message': string } {
  return { 'grpc-status': String(codeOf(error)), 'grpc-message': encode(messageOf(error)) }
}

/** Everything but printable ASCII is percent-encoded. */
const encode = (text: string): string =>
  [...Buffer.from(text.slice(0, 4096))]
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
