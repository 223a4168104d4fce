/**
 * JSON from outside, read so that one body has one meaning: bounded, valid UTF-8, no key twice in one object, no
 * deeper than any document of ours. And the few checks from which the parsers of manifests and configurations are made.
 */
import { GantryError } from '@gantry/errors'

export type JsonObject = Record<string, unknown>

const deepest = 64

/** Parses a JSON object of at most `limit` bytes. Throws InvalidParameter naming `what`. */
export function parseJsonObject(bytes: Uint8Array, what: string, limit: number): JsonObject {
  if (bytes.length > limit) throw malformed(what, `larger than ${limit} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed(what, 'not UTF-8')
  }
  checkNesting(text, what)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed(what, 'not JSON', cause)
  }
  checkKeys(text, what)
  return object(value, what)
}

/** Before JSON.parse: it must not be made to recurse without end. */
function checkNesting(text: string, what: string): void {
  let depth = 0
  for (const { kind } of tokens(text)) {
    if (kind === 'open') depth++
    if (kind === 'close') depth--
    if (depth > deepest) throw malformed(what, 'nested too deeply')
  }
}

/** After JSON.parse, so the text is known to be well-formed: a string followed by a colon is a key. */
function checkKeys(text: string, what: string): void {
  const open: Set<string>[] = []
  for (const token of tokens(text)) {
    if (token.kind === 'open') open.push(new Set())
    else if (token.kind === 'close') open.pop()
    else if (isKey(text, token.end)) {
      const key = JSON.parse(text.slice(token.start, token.end)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) throw malformed(what, `key ${JSON.stringify(key)} appears twice`)
      keys?.add(key)
    }
  }
}

interface Token {
  kind: 'open' | 'close' | 'string'
  start: number
  end: number
}

/** Strings and brackets, in one pass: a regular expression would need a stack as long as the longest string. */
function* tokens(text: string): Generator<Token> {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') yield { kind: 'open', start: at, end: at + 1 }
    else if (char === '}' || char === ']') yield { kind: 'close', start: at, end: at + 1 }
    else if (char === '"') {
      const start = at++
      while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
      yield { kind: 'string', start, end: at + 1 }
    }
  }
}

function isKey(text: string, after: number): boolean {
  let at = after
  while (' \t\r\n'.includes(text[at] ?? '!')) at++
  return text[at] === ':'
}

/** Rejects keys that a case-insensitive reader (Go's) would take for one of `known`. */
export function rejectLookalikes(value: JsonObject, known: readonly string[], what: string): void {
  const exact = new Set(known)
  const folded = new Set(known.map((key) => key.toLowerCase()))
  for (const key of Object.keys(value)) {
    if (!exact.has(key) && folded.has(key.toLowerCase()))
      throw malformed(what, `unexpected key ${JSON.stringify(key)}`)
  }
}

/** The value as an object; InvalidParameter, naming `what`, when it is a list, null or anything else. */
export function object(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(what, 'not an object')
  return value as JsonObject
}

/** The value as a string, which may be empty; InvalidParameter, naming `what`, when it is none. */
export function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(what, 'not a string')
  return value
}

/** The value as a whole number, negative or not, that a double holds exactly; else InvalidParameter. */
export function integer(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value)) throw malformed(what, 'not an integer')
  return value as number
}

/** The value as true or false; InvalidParameter, naming `what`, for anything else, null too. */
export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw malformed(what, 'not a boolean')
  return value
}

/** The value as a list whose items are each read by `item`, which is told `what[index]`; else InvalidParameter. */
export function list<T>(value: unknown, what: string, item: (value: unknown, what: string) => T): T[] {
  if (!Array.isArray(value)) throw malformed(what, 'not a list')
  return value.map((each, index) => item(each, `${what}[${index}]`))
}

/** An object used as a map. The result has no prototype, so a key named `__proto__` is a key like any other. */
export function map<T>(
  value: unknown,
  what: string,
  item: (value: unknown, what: string) => T,
): Record<string, T> {
  const result: Record<string, T> = Object.create(null)
  for (const [key, each] of Object.entries(object(value, what))) result[key] = item(each, `${what}.${key}`)
  return result
}

/** Undefined for what is absent or null, as Go writes an empty field. */
export function optional<T>(
  value: unknown,
  what: string,
  parse: (value: unknown, what: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : parse(value, what)
}

/** What is thrown for a document that is not as it should be: `invalid WHAT: WHY`. */
export function malformed(what: string, why: string, cause?: unknown): GantryError {
  return new GantryError('InvalidParameter', `invalid ${what}: ${why}`, { cause })
}
