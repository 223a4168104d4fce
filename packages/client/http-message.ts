/** HTTP/1.1 messages (RFC 9112) as text: the head that is sent and the head that is received. */
import { GantryError } from '@gantry/errors'

export interface ResponseHead {
  status: number
  reason: string
  /** Names in lower case; repeated fields joined by a comma. */
  headers: Readonly<Record<string, string>>
}

/** Longest head accepted from a server, in bytes. */
const maximalHead = 256 * 1024

const headEnd = Buffer.from('\r\n\r\n')

/** The head of a request. Throws InvalidParameter for a header that would end its line early. */
export function requestHead(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  if ([method, target, ...lines].some((line) => /[\r\n]/.test(line))) {
    throw new GantryError('InvalidParameter', 'invalid character in a request header')
  }
  return `${[`${method} ${target} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
}

/** Takes the head off the bytes received so far; undefined while it is not complete. Throws System when it is no head. */
export function takeHead(bytes: Buffer): { head: ResponseHead; rest: Buffer } | undefined {
  const end = bytes.indexOf(headEnd)
  if (end < 0) {
    if (bytes.length > maximalHead) throw malformed('its head is too long')
    return undefined
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? []
  if (status === undefined) throw malformed(`it begins with ${JSON.stringify(statusLine.slice(0, 40))}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) throw malformed('a header line has no name')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return { head: { status: Number(status), reason, headers }, rest: bytes.subarray(end + headEnd.length) }
}

/** For an answer that is not HTTP: what listens there may be something else. */
export function malformed(detail: string): GantryError {
  return new GantryError('System', `malformed HTTP response: ${detail}`)
}
