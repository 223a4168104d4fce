/** JSON as Go's encoding/json reads and writes it. */
import { formatFloat } from './float.ts'
import {
  anyType,
  type BasicType,
  boolType,
  type Data,
  float64Type,
  type GoType,
  type GoValue,
  type MapType,
  mapOf,
  type SliceType,
  type StructType,
  sliceOf,
  stringType,
  zeroOf,
} from './types.ts'
import { sortedEntries } from './value.ts'

/** A number as it stands in the JSON text, so that no digit of it is lost. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** `json.Number`: what a number becomes where no type is known. A string for templates, a number in JSON. */
const jsonNumberType: BasicType = {
  kind: 'string',
  name: 'json.Number',
  marshal: (data) => data as string,
}

const rawMap: MapType = mapOf(anyType)
const rawSlice: SliceType = sliceOf(anyType)

/** Parses JSON; numbers become JsonNumbers. Throws a SyntaxError. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === 'number' ? new JsonNumber(context?.source ?? String(value)) : value,
  )
}

/** Parsed JSON as an untyped Go value: maps, slices, strings, booleans, json.Number; undefined for null. */
export function untyped(json: unknown): GoValue | undefined {
  if (json === null || json === undefined) return undefined
  if (typeof json === 'string') return { type: stringType, data: json }
  if (typeof json === 'boolean') return { type: boolType, data: json }
  if (typeof json === 'number') return { type: float64Type, data: json }
  if (json instanceof JsonNumber) return { type: jsonNumberType, data: json.text }
  if (Array.isArray(json)) return { type: rawSlice, data: json.map((item) => untyped(item) ?? null) }
  const map = new Map<string, Data>()
  for (const [key, item] of Object.entries(json)) map.set(key, untyped(item) ?? null)
  return { type: rawMap, data: map }
}

/** Parsed JSON as a value of a known type. What does not fit, or is missing, is the type's zero value. */
export const typed = (type: GoType, json: unknown): GoValue => ({ type, data: decode(type, json) })

function decode(type: GoType, json: unknown): Data {
  if (type.unmarshal) return type.unmarshal(json)
  if (type.kind === 'interface') return untyped(json) ?? null
  if (json === null || json === undefined) return zeroOf(type)
  switch (type.kind) {
    case 'bool':
      return json === true
    case 'string':
      return typeof json === 'string' ? json : zeroOf(type)
    case 'float64':
      return json instanceof JsonNumber ? Number(json.text) : typeof json === 'number' ? json : 0
    case 'slice':
      if (type.element.kind === 'uint8') return bytesOf(json)
      return Array.isArray(json) ? json.map((item) => decode(type.element, item)) : null
    case 'array': {
      const items = Array.isArray(json) ? json : []
      return Array.from({ length: type.length }, (_, index) => decode(type.element, items[index]))
    }
    case 'map':
      return isObject(json)
        ? new Map(Object.entries(json).map(([key, item]) => [key, decode(type.element, item)]))
        : null
    case 'pointer':
      return decode(type.element, json)
    case 'struct':
      return decodeStruct(type, isObject(json) ? json : {})
    case 'func':
      return null
    default:
      return integerOf(json)
  }
}

const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof JsonNumber)

function integerOf(json: unknown): bigint {
  const text = json instanceof JsonNumber ? json.text : typeof json === 'number' ? String(json) : ''
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n
}

/** Go's []byte is base64 in JSON. */
const bytesOf = (json: unknown): Data =>
  typeof json === 'string' ? [...Buffer.from(json, 'base64')].map(BigInt) : null

function decodeStruct(type: StructType, json: Record<string, unknown>): Data {
  const byLowerCase = new Map(Object.keys(json).map((key) => [key.toLowerCase(), key]))
  return type.fields.map((field) => {
    if (field.embedded) return decode(field.type, json)
    if (field.json === '-') return zeroOf(field.type)
    const key = Object.hasOwn(json, field.json) ? field.json : byLowerCase.get(field.json.toLowerCase())
    return decode(field.type, key === undefined ? undefined : json[key])
  })
}

/** Writes a value as JSON. `escapeHtml` writes `<`, `>` and `&` as `\u003c` ….  */
export function marshal(value: GoValue | undefined, escapeHtml: boolean): string {
  if (value === undefined) return 'null'
  const { type, data } = value
  if (type.marshal) return type.marshal(data)
  if (type.kind === 'pointer' && data !== null && type.element.marshal) return type.element.marshal(data)
  switch (type.kind) {
    case 'bool':
      return String(data)
    case 'string':
      return marshalString(data as string, escapeHtml)
    case 'float64':
      return marshalFloat(data as number)
    case 'slice':
    case 'array':
      if (data === null) return 'null'
      if (type.kind === 'slice' && type.element.kind === 'uint8') {
        return `"${Buffer.from((data as bigint[]).map(Number)).toString('base64')}"`
      }
      return `[${(data as Data[]).map((item) => marshal({ type: type.element, data: item }, escapeHtml)).join(',')}]`
    case 'map':
      if (data === null) return 'null'
      return `{${sortedEntries(value)
        .map(
          ([key, item]) =>
            `${marshalString(key, escapeHtml)}:${marshal({ type: type.element, data: item }, escapeHtml)}`,
        )
        .join(',')}}`
    case 'pointer':
      return data === null ? 'null' : marshal({ type: type.element, data }, escapeHtml)
    case 'interface':
      return data === null ? 'null' : marshal(data as GoValue, escapeHtml)
    case 'struct':
      return `{${structMembers(type, data as Data[], escapeHtml).join(',')}}`
    case 'func':
      throw new Error('json: unsupported type: func()')
    default:
      return String(data)
  }
}

function structMembers(type: StructType, values: readonly Data[], escapeHtml: boolean): string[] {
  return type.fields.flatMap((field, index) => {
    const data = values[index]
    if (field.json === '-') return []
    if (field.embedded) {
      const inner = field.type.kind === 'pointer' ? field.type.element : field.type
      return data === null || inner.kind !== 'struct' ? [] : structMembers(inner, data as Data[], escapeHtml)
    }
    if (field.omitEmpty && isEmpty(field.type, data)) return []
    return [`${marshalString(field.json, escapeHtml)}:${marshal({ type: field.type, data }, escapeHtml)}`]
  })
}

/** What `omitempty` leaves out: false, zero, nil, and what has no items. Never a struct. */
function isEmpty(type: GoType, data: Data): boolean {
  if (type.kind === 'struct') return false
  if (data === null || data === false || data === '' || data === 0 || data === 0n) return true
  return data instanceof Map
    ? data.size === 0
    : Array.isArray(data) && type.kind !== 'pointer' && data.length === 0
}

const htmlCharacters: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' }

/** A text as a JSON string. */
export function marshalString(text: string, escapeHtml: boolean): string {
  const json = JSON.stringify(text.toWellFormed())
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return escapeHtml ? json.replace(/[<>&]/g, (character) => htmlCharacters[character] ?? character) : json
}

function marshalFloat(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`json: unsupported value: ${formatFloat(value, 'g', -1)}`)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-6 || size >= 1e21)) {
    return formatFloat(value, 'e', -1).replace(/e([+-])0(\d)$/, 'e$1$2')
  }
  return formatFloat(value, 'f', -1)
}

const jsonToken = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g

/**
 * The JSON text laid out over lines, or (with an empty indent) without any blanks. Keys, numbers and escapes stay as they
 * are.
 */
export function reindent(json: string, indent: string): string {
  const tokens = json.match(jsonToken) ?? []
  let text = ''
  let depth = 0
  const newLine = (): string => (indent ? `\n${indent.repeat(depth)}` : '')
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]
    const previous = tokens[index - 1]
    if (token === '{' || token === '[') {
      depth++
      text += next === '}' || next === ']' ? token : token + newLine()
    } else if (token === '}' || token === ']') {
      depth--
      text += previous === '{' || previous === '[' ? token : newLine() + token
    } else if (token === ',') text += token + newLine()
    else if (token === ':') text += indent ? ': ' : ':'
    else text += token
  }
  return text
}
