/** Go's fmt package: how values become text (Sprint, Sprintf and `%v`). */
import { formatFloat } from './float.ts'
import { isPrintable, quote } from './quote.ts'
import {
  type Data,
  type GoType,
  type GoValue,
  isSigned,
  isUnsigned,
  type StructType,
  typeName,
} from './types.ts'
import { contentOf, sortedEntries } from './value.ts'

/** The flags, width and precision of one verb. */
export interface Flags {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  /** Structs with the names of their fields: `%+v`. */
  names?: boolean
  width?: number
  precision?: number
}

export const noFlags: Flags = { plus: false, minus: false, sharp: false, space: false, zero: false }

/** fmt.Sprint: the operands' default forms, a blank between two of them when neither is a string. */
export function sprint(values: readonly (GoValue | undefined)[]): string {
  let text = ''
  for (const [index, value] of values.entries()) {
    if (index > 0 && !isText(value) && !isText(values[index - 1])) text += ' '
    text += formatValue(value, 'v', noFlags)
  }
  return text
}

const isText = (value: GoValue | undefined): boolean => contentOf(value)?.type.kind === 'string'

/** fmt.Sprintln: blanks between all operands, a newline after them. */
export const sprintln = (values: readonly (GoValue | undefined)[]): string =>
  `${values.map((value) => formatValue(value, 'v', noFlags)).join(' ')}\n`

/** One operand by one verb. */
export function formatValue(value: GoValue | undefined, verb: string, given: Flags): string {
  // For %v the signs # and + ask for Go syntax and for field names, not for what they mean elsewhere.
  const flags = verb === 'v' && given.plus ? { ...given, plus: false, names: true } : given
  if (value === undefined || (value.type.kind === 'interface' && value.data === null)) {
    return verb === 'v' || verb === 'T' ? pad('<nil>', flags) : `%!${verb}(<nil>)`
  }
  const operand = value.type.kind === 'interface' ? (value.data as GoValue) : value
  if (verb === 'T') return pad(truncate(typeName(operand.type), flags), flags)
  return format(operand, verb, flags, 0)
}

function format(value: GoValue, verb: string, flags: Flags, depth: number): string {
  const { type, data } = value
  const goSyntax = verb === 'v' && flags.sharp
  const stringer = type.stringer ?? (type.kind === 'pointer' ? type.element.stringer : undefined)
  if (stringer && !goSyntax && 'vsxXq'.includes(verb)) {
    return data === null ? pad('<nil>', flags) : formatText(stringer(data), verb, flags)
  }
  switch (type.kind) {
    case 'bool':
      return verb === 'v' || verb === 't' ? pad(String(data), flags) : bad(value, verb)
    case 'string':
      return goSyntax ? pad(quote(data as string), flags) : textOrBad(value, verb, flags)
    case 'float64':
      return formatFloating(value, verb, flags)
    case 'slice':
    case 'array':
      return formatList(value, type.element, verb, flags, depth)
    case 'map':
      return formatMap(value, type.element, type.key, verb, flags, depth)
    case 'struct':
      return formatStruct(value, type, verb, flags, depth)
    case 'interface':
      if (data === null) return goSyntax ? `${typeName(type)}(nil)` : '<nil>'
      return format(data as GoValue, verb, flags, depth + 1)
    case 'pointer':
      return formatPointer(value, type.element, verb, flags, depth)
    case 'func':
      return verb === 'v' || verb === 'p' ? pad('0x0', flags) : bad(value, verb)
    default:
      return formatInteger(value, verb, flags)
  }
}

/** What fmt writes for a verb that does not fit the operand: `%!d(string=hi)`. */
function bad(value: GoValue, verb: string): string {
  return `%!${verb}(${typeName(value.type)}=${format(value, 'v', noFlags, 0)})`
}

function formatList(value: GoValue, element: GoType, verb: string, flags: Flags, depth: number): string {
  const items = value.data as Data[] | null
  const formatted = (items ?? []).map((data) => format({ type: element, data }, verb, flags, depth + 1))
  if (verb === 'v' && flags.sharp) {
    if (items === null) return `${typeName(value.type)}(nil)`
    return `${typeName(value.type)}{${formatted.join(', ')}}`
  }
  return `[${formatted.join(' ')}]`
}

function formatMap(
  value: GoValue,
  element: GoType,
  key: GoType,
  verb: string,
  flags: Flags,
  depth: number,
): string {
  const entries = sortedEntries(value).map(
    ([name, data]) =>
      `${format({ type: key, data: name }, verb, flags, depth + 1)}:${format({ type: element, data }, verb, flags, depth + 1)}`,
  )
  if (verb === 'v' && flags.sharp) {
    return value.data === null
      ? `${typeName(value.type)}(nil)`
      : `${typeName(value.type)}{${entries.join(', ')}}`
  }
  return `map[${entries.join(' ')}]`
}

function formatStruct(value: GoValue, type: StructType, verb: string, flags: Flags, depth: number): string {
  const goSyntax = verb === 'v' && flags.sharp
  const named = goSyntax || flags.names
  const fields = type.fields.map((field, index) => {
    const data = (value.data as Data[])[index]
    const inner =
      field.type.kind === 'interface' && data !== null ? (data as GoValue) : { type: field.type, data }
    return (named ? `${field.name}:` : '') + format(inner, verb, flags, depth + 1)
  })
  return goSyntax ? `${typeName(type)}{${fields.join(', ')}}` : `{${fields.join(' ')}}`
}

/** At the top a pointer shows what it points to; inside other values Go shows an address, for which there is a stand-in. */
function formatPointer(value: GoValue, element: GoType, verb: string, flags: Flags, depth: number): string {
  const goSyntax = verb === 'v' && flags.sharp
  if (value.data === null) return goSyntax ? `(${typeName(value.type)})(nil)` : pad('<nil>', flags)
  if (depth === 0 && verb !== 'p' && ['array', 'slice', 'struct', 'map'].includes(element.kind)) {
    return `&${format({ type: element, data: value.data }, verb, flags, depth + 1)}`
  }
  const address = '0xc000000000'
  return goSyntax ? `(${typeName(value.type)})(${address})` : pad(address, flags)
}

function formatInteger(value: GoValue, verb: string, flags: Flags): string {
  const number = value.data as bigint
  const signed = isSigned(value.type)
  if (!signed && !isUnsigned(value.type)) return bad(value, verb)
  switch (verb) {
    case 'v':
      return flags.sharp && !signed ? `0x${number.toString(16)}` : digits(number, 10, '', flags)
    case 'd':
      return digits(number, 10, '', flags)
    case 'b':
      return digits(number, 2, flags.sharp ? '0b' : '', flags)
    case 'o':
      return digits(number, 8, flags.sharp ? '0' : '', flags)
    case 'O':
      return digits(number, 8, '0o', flags)
    case 'x':
      return digits(number, 16, flags.sharp ? '0x' : '', flags)
    case 'X':
      return digits(number, 16, flags.sharp ? '0X' : '', flags).toUpperCase()
    case 'c':
      return pad(rune(number), flags)
    case 'q':
      return pad(quote(rune(number), flags.plus, "'"), flags)
    case 'U': {
      const shown = flags.sharp && isPrintable(rune(number)) ? ` '${rune(number)}'` : ''
      return pad(`U+${number.toString(16).toUpperCase().padStart(4, '0')}${shown}`, flags)
    }
    default:
      return bad(value, verb)
  }
}

const rune = (code: bigint): string =>
  code >= 0n && code <= 0x10ffffn && !(code >= 0xd800n && code < 0xe000n)
    ? String.fromCodePoint(Number(code))
    : '�'

function digits(number: bigint, base: number, prefix: string, flags: Flags): string {
  const sign = number < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  let text = (number < 0n ? -number : number).toString(base)
  if (flags.precision !== undefined) {
    if (flags.precision === 0 && number === 0n) return pad('', { ...flags, zero: false })
    text = text.padStart(flags.precision, '0')
  } else if (flags.zero && !flags.minus && flags.width !== undefined) {
    text = text.padStart(flags.width - sign.length, '0')
  }
  if (prefix === '0' && text.startsWith('0')) prefix = ''
  return pad(sign + prefix + text, { ...flags, zero: false })
}

function formatFloating(value: GoValue, verb: string, flags: Flags): string {
  const number = value.data as number
  const letter = verb === 'v' ? 'g' : verb
  if (!'eEfFgG'.includes(letter)) return bad(value, verb)
  const precision = flags.precision ?? (letter === 'g' || letter === 'G' ? -1 : 6)
  let text: string
  if (flags.sharp && verb !== 'v' && letter.toLowerCase() === 'g' && precision < 0) {
    text = formatFloat(number, letter, 6, true)
  } else {
    text = formatFloat(number, letter, precision, flags.sharp && verb !== 'v')
  }
  if (flags.plus && !/^[+-]/.test(text)) text = `+${text}`
  else if (!flags.plus && text === '+Inf') text = '+Inf'
  else if (flags.space && !text.startsWith('-')) text = ` ${text}`
  if (flags.zero && !flags.minus && flags.width !== undefined && Number.isFinite(number)) {
    const sign = /^[+ -]/.exec(text)?.[0] ?? ''
    return sign + text.slice(sign.length).padStart(flags.width - sign.length, '0')
  }
  return pad(text, { ...flags, zero: false })
}

const textOrBad = (value: GoValue, verb: string, flags: Flags): string =>
  'vsqxX'.includes(verb) ? formatText(value.data as string, verb, flags) : bad(value, verb)

function formatText(text: string, verb: string, flags: Flags): string {
  switch (verb) {
    case 'x':
    case 'X': {
      const bytes = Buffer.from(text).subarray(0, flags.precision)
      const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
      const prefix = flags.sharp && hex.length > 0 ? '0x' : ''
      const joined = flags.space ? hex.map((byte) => prefix + byte).join(' ') : prefix + hex.join('')
      return pad(verb === 'X' ? joined.toUpperCase() : joined, flags)
    }
    case 'q': {
      const shown = truncate(text, flags)
      const raw = flags.sharp && !/[`\ufeff]|(?!\t)\p{Cc}/u.test(shown)
      return pad(raw ? `\`${shown}\`` : quote(shown, flags.plus), flags)
    }
    default:
      return pad(truncate(text, flags), flags)
  }
}

const truncate = (text: string, flags: Flags): string =>
  flags.precision === undefined ? text : [...text].slice(0, flags.precision).join('')

/** Fills the text up to the width: on the left, or on the right with the minus flag. */
function pad(text: string, flags: Flags): string {
  const missing = (flags.width ?? 0) - [...text].length
  if (missing <= 0) return text
  if (flags.minus) return text + ' '.repeat(missing)
  return (flags.zero ? '0' : ' ').repeat(missing) + text
}
