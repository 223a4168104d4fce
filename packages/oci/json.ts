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
  // Before JSON.parse: it must not be made to recurse without end.
  const repeated = repeatedKey(text, what)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed(what, 'not JSON', cause)
  }
  if (repeated !== null) throw malformed(what, `key ${JSON.stringify(repeated)} appears twice`)
  return object(value, what)
}

const [quote, backslash, colon, openingBrace, openingBracket] = [0x22, 0x5c, 0x3a, 0x7b, 0x5b]

/**
 * A key that an object has twice, null for none; of text that is no JSON it says nothing. Throws InvalidParameter for text
 * that is nested too deeply. Strings are stepped over by their ends: a pattern for them would need a stack as long as the
 * longest one.
 */
function repeatedKey(text: string, what: string): string | null {
  const structural = /["[\]{}]/g
  const open: Set<string>[] = []
  let repeated: string | null = null
  while (structural.test(text)) {
    const at = structural.lastIndex - 1
    const char = text.charCodeAt(at)
    if (char === quote) {
      const end = endOfString(text, at)
      structural.lastIndex = end
      const keys = open.at(-1)
      if (!keys || !isKey(text, end)) continue
      const key = unescaped(text.slice(at, end))
      if (keys.has(key)) repeated ??= key
      keys.add(key)
    } else if (char === openingBrace || char === openingBracket) {
      if (open.push(new Set()) > deepest) throw malformed(what, 'nested too deeply')
    } else open.pop()
  }
  return repeated
}

/** Behind the string that begins at `start`: after its quote, or at the end of a text that ends within it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end + 1
  }
  return text.length
}

/** Whether the string that ends before `after` is a key: a colon follows. */
function isKey(text: string, after: number): boolean {
  let at = after
  while (' \t\r\n'.includes(text[at] ?? '!')) at++
  return text.charCodeAt(at) === colon
}

/** The text of a string in its quotes; as it stands if it is none. */
function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted
  }
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
