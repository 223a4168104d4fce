/** Reading answers of registries: bounded bodies, and errors in the words of Docker's own client. */
import type { Readable } from 'node:stream'
import { parseChallenges } from './challenge.ts'
import { RegistryError, type RegistryReason } from './errors.ts'
import { isTransient } from './retry.ts'
import type { Answer } from './transport.ts'

/** Largest body of an error, in bytes. */
const largestError = 64 * 1024
/** How much of an unreadable error body is shown. */
const longestQuote = 300

const standardMessages: Record<string, string> = {
  UNAUTHORIZED: 'authentication required',
  DENIED: 'requested access to the resource is denied',
  TOOMANYREQUESTS: 'too many requests',
  UNSUPPORTED: 'The operation is unsupported.',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_UNKNOWN: 'repository name not known to registry',
  BLOB_UNKNOWN: 'blob unknown to registry',
}

const reasonOfCode: Record<string, RegistryReason> = {
  UNAUTHORIZED: 'unauthorized',
  DENIED: 'denied',
  TOOMANYREQUESTS: 'rate-limited',
  UNSUPPORTED: 'unsupported',
  MANIFEST_UNKNOWN: 'manifest-unknown',
  NAME_UNKNOWN: 'name-unknown',
  BLOB_UNKNOWN: 'blob-unknown',
  BLOB_UPLOAD_UNKNOWN: 'blob-unknown',
}

/** What a 404 without a code means. */
export type Wanted = 'manifest' | 'blob' | 'name'

/** Reads a body to its end. Rejects with `invalid-answer` when it is larger than `limit` bytes. */
export async function readBody(body: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length
      // Leaving the loop destroys the body.
      if (length > limit) throw new RegistryError('invalid-answer', `${what} is larger than ${limit} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw bodyError(error)
  }
  return Buffer.concat(chunks)
}

/** What a broken body means; an abort's reason is passed on as it is. */
export function bodyError(error: unknown): unknown {
  const isOfSystem = typeof (error as { code?: unknown } | null)?.code === 'string'
  return isOfSystem && !(error instanceof RegistryError)
    ? new RegistryError('unreachable', 'unexpected EOF', { cause: error })
    : error
}

/** Lets go of an answer that nobody reads: its connection is kept when little is left of it. */
export function discard({ headers, body }: Answer): void {
  const length = Number(headers['content-length'] ?? largestError)
  body.on('error', () => {})
  if (length < largestError || body.complete) body.resume()
  else body.destroy()
}

/** The error that an answer means. Consumes the answer. `url` is shown only where Docker shows it. */
export async function answerError(answer: Answer, wanted: Wanted): Promise<RegistryError> {
  const { status, reason } = answer
  const said = await errorsOf(answer)
  const [first] = said
  const text = first?.text ?? `received unexpected HTTP status: ${status} ${reason}`.trimEnd()
  const message = said.length > 1 ? `errors:\n${said.map((each) => `${each.text}\n`).join('')}` : text
  const retryAfter = retryTime(answer)
  return new RegistryError(reasonOf(status, first?.code, wanted), message, {
    status,
    ...(retryAfter !== undefined && { retryAfter }),
    detail: text,
  })
}

/** The error of a status that says nothing more, worded by the caller: the same request may succeed after some of them. */
export function statusError(answer: Answer, message: string): RegistryError {
  discard(answer)
  const { status } = answer
  const retryAfter = retryTime(answer)
  const reason = status === 429 ? 'rate-limited' : isTransient(status) ? 'server' : 'invalid-answer'
  return new RegistryError(reason, message, { status, ...(retryAfter !== undefined && { retryAfter }) })
}

/** When the registry wants to be asked again, in milliseconds since the epoch (RFC 9110, Retry-After). */
export function retryTime({ headers }: Pick<Answer, 'headers'>, now = Date.now()): number | undefined {
  const value = headers['retry-after']?.trim()
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return now + Number(value) * 1000
  const date = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : date
}

function reasonOf(status: number, code: string | undefined, wanted: Wanted): RegistryReason {
  const known = code === undefined ? undefined : reasonOfCode[code]
  if (known !== undefined) return known
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'denied'
  if (status === 404) return `${wanted}-unknown`
  if (status === 405 || status === 501) return 'unsupported'
  if (status === 429) return 'rate-limited'
  return status >= 500 ? 'server' : 'rejected'
}

interface Said {
  code: string
  text: string
}

async function errorsOf(answer: Answer): Promise<Said[]> {
  const { status, headers } = answer
  const body = await readBody(answer.body, largestError, 'the error').catch(() => Buffer.alloc(0))
  if (status < 400 || status >= 500) return []
  const fromBody = bodyErrors(status, body)
  const fromHeader = headerError(headers['www-authenticate'])
  if (fromHeader) return [fromHeader, ...fromBody.filter(({ code }) => code !== '')]
  const unreadable = fromBody[0]?.code === ''
  if (status === 401 && unreadable) return [worded('UNAUTHORIZED', '')]
  return fromBody
}

/** What an OAuth resource server says beside its challenge (RFC 6750, 3.1). */
function headerError(header: string | undefined): Said | undefined {
  for (const { scheme, parameters } of parseChallenges(header)) {
    const code = { invalid_token: 'UNAUTHORIZED', insufficient_scope: 'DENIED' }[parameters.error ?? '']
    if (scheme === 'bearer' && code) return worded(code, parameters.error_description ?? '')
  }
  return undefined
}

/** The errors in a body; one without a code when it cannot be read as such. */
function bodyErrors(status: number, body: Buffer): Said[] {
  const unreadable = (why: string): Said[] => [
    { code: '', text: `error parsing HTTP ${status} response body: ${why}: ${quote(body)}` },
  ]
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return unreadable(body.length === 0 ? 'unexpected end of JSON input' : 'invalid JSON')
  }
  const { details, errors } = (parsed ?? {}) as { details?: unknown; errors?: unknown }
  if (typeof details === 'string' && details !== '') return [worded(codeOfStatus(status), details)]
  if (!Array.isArray(errors) || errors.length === 0)
    return unreadable('no error details found in HTTP response body')
  return errors.slice(0, 10).map((error: { code?: unknown; message?: unknown } | null) => {
    const code = typeof error?.code === 'string' ? error.code : 'UNKNOWN'
    return worded(code, typeof error?.message === 'string' ? error.message : '')
  })
}

const codeOfStatus = (status: number): string =>
  ({ 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' })[status] ?? 'UNKNOWN'

function worded(code: string, message: string): Said {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return { code, text: printable(`${words}: ${message || (standardMessages[code] ?? 'unknown error')}`) }
}

const quote = (body: Buffer): string => JSON.stringify(printable(body.toString('utf8', 0, longestQuote)))

/** What a registry says is shown on terminals: no control characters but line ends. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => (char === '\n' ? char : ' '))
}
