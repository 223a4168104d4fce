/** Go's quoted strings (strconv.Quote and strconv.Unquote). */

const named: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/**
 * Whether Go's unicode.IsPrint holds for the character: letters, marks, numbers, punctuation, symbols and the ASCII space.
 * The classes of Unicode are asked only where they must be: they take a while to be made ready.
 */
export const isPrintable = (character: string): boolean =>
  character < '\x7f' ? character >= ' ' : /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)

/** The text in Go's double quotes. With `ascii`, everything beyond ASCII is escaped. */
export function quote(text: string, ascii = false, mark = '"'): string {
  let quoted = mark
  for (const character of text) quoted += escapeCharacter(character, ascii, mark)
  return quoted + mark
}

function escapeCharacter(character: string, ascii: boolean, mark: string): string {
  if (character === mark) return `\\${mark}`
  const name = named[character]
  if (name) return name
  const code = character.codePointAt(0) as number
  if (isPrintable(character) && (!ascii || code < 0x80)) return character
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}

const escapes: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** The text of a Go string literal in any of its three quotes; undefined when it is none. */
export function unquote(literal: string): string | undefined {
  const mark = literal[0]
  if (literal.length < 2 || mark === undefined || literal.at(-1) !== mark) return undefined
  const body = literal.slice(1, -1)
  if (mark === '`') return body.includes('`') ? undefined : body.replaceAll('\r', '')
  if (mark !== '"' && mark !== "'") return undefined
  const bytes: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const piece = readCharacter(body, at, mark)
    if (!piece) return undefined
    bytes.push(piece.bytes)
    at = piece.end
  }
  return Buffer.concat(bytes).toString()
}

function readCharacter(body: string, at: number, mark: string): { bytes: Buffer; end: number } | undefined {
  const character = String.fromCodePoint(body.codePointAt(at) as number)
  if (character === mark || character === '\n') return undefined
  if (character !== '\\') return { bytes: Buffer.from(character), end: at + character.length }
  const letter = body[at + 1] ?? ''
  const plain = letter === mark ? mark : escapes[letter]
  if (plain !== undefined) return { bytes: Buffer.from(plain), end: at + 2 }
  const rest = body.slice(at + 1)
  const byte = /^x([0-9a-fA-F]{2})|^([0-3][0-7]{2})/.exec(rest)
  if (byte) {
    const code = byte[1] ? Number.parseInt(byte[1], 16) : Number.parseInt(byte[2] as string, 8)
    return { bytes: Buffer.from([code]), end: at + 1 + byte[0].length }
  }
  const rune = /^u([0-9a-fA-F]{4})|^U([0-9a-fA-F]{8})/.exec(rest)
  if (!rune) return undefined
  const code = Number.parseInt((rune[1] ?? rune[2]) as string, 16)
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined
  return { bytes: Buffer.from(String.fromCodePoint(code)), end: at + 1 + rune[0].length }
}
