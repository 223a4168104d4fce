import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Shape } from '@gantry/api/shape'
import { GantryError } from '@gantry/errors'
import { decode } from './decode.ts'
import { parseJson } from './json-syntax.ts'

/** No JSON body of the API comes near this size. */
const bodyLimit = 4 * 1024 * 1024

/**
 * Reads a JSON body of the given shape. Undefined for an empty body, which Docker allows. Throws InvalidParameter for
 * another content type, malformed JSON, a wrong type or too many bytes. A client that has not sent it after `patience`
 * milliseconds never will, and is cut off.
 */
export async function readJson(
  body: Readable,
  headers: IncomingHttpHeaders,
  shape: Shape,
  patience: number,
): Promise<unknown> {
  const text = await readText(body, patience)
  if (text === '') return undefined
  checkContentType(headers['content-type'])
  try {
    const value = parseJson(text)
    return value === null ? undefined : decode(shape, value)
  } catch (error) {
    throw withPrefix(error)
  }
}

/** Whether the request carries a body at all. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

async function readText(body: Readable, patience: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => body.destroy(new Error('timed out reading the request body')), patience)
  try {
    // Left open on an early exit: the same connection carries the answer.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length
      if (size > bodyLimit) throw new GantryError('InvalidParameter', 'request body too large')
      chunks.push(chunk as Buffer)
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function checkContentType(header: string | undefined): void {
  const type = (header ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return
  const problem = `unsupported Content-Type header (${header ?? ''}): must be 'application/json'`
  throw new GantryError('InvalidParameter', problem)
}

function withPrefix(error: unknown): unknown {
  if (!(error instanceof GantryError) || error.message.startsWith('invalid JSON: ')) return error
  return new GantryError(error.kind, `invalid JSON: ${error.message}`, { cause: error.cause })
}
