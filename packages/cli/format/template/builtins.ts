/** The functions that every Go template has. */
import { sprint, sprintln } from '../go/print.ts'
import { sprintf } from '../go/printf.ts'
import { isPrintable } from '../go/quote.ts'
import {
  anyType,
  assignable,
  canBeNil,
  type Data,
  type GoType,
  type GoValue,
  isInteger,
  stringType,
  typeName,
  zeroOf,
} from '../go/types.ts'
import {
  byteLength,
  contentOf,
  goBool,
  goInt,
  goString,
  indirect,
  itemsOf,
  mapItem,
  truth,
} from '../go/value.ts'
import { equalsAny, less } from './compare.ts'
import { anyValue, type TemplateFunction, type Value } from './function.ts'

/** A function of any number of values. */
const texts = (call: (args: readonly Value[]) => string): TemplateFunction => ({
  parameters: [anyType],
  variadic: true,
  call: (args) => goString(call(args)),
})

const comparison = (call: (a: Value, b: Value) => boolean): TemplateFunction => ({
  parameters: [anyValue, anyValue],
  call: ([a, b]) => goBool(call(a, b)),
})

export const builtins: Readonly<Record<string, TemplateFunction>> = {
  and: {
    parameters: [anyValue, anyValue],
    variadic: true,
    decides: (value) => !truth(contentOf(value)),
    call: (args) => args.at(-1),
  },
  or: {
    parameters: [anyValue, anyValue],
    variadic: true,
    decides: (value) => truth(contentOf(value)),
    call: (args) => args.at(-1),
  },
  not: { parameters: [anyValue], call: ([value]) => goBool(!truth(contentOf(value))) },
  len: { parameters: [anyValue], call: ([value]) => goInt(length(value)) },
  index: {
    parameters: [anyValue, anyValue],
    variadic: true,
    call: ([item, ...keys]) => keys.reduce(indexOne, indexable(item, 'index')),
  },
  slice: {
    parameters: [anyValue, anyValue],
    variadic: true,
    call: ([item, ...bounds]) => slice(item, bounds),
  },
  print: texts(sprint),
  println: texts(sprintln),
  printf: {
    parameters: [stringType, anyType],
    variadic: true,
    call: ([format, ...args]) => goString(sprintf(format?.data as string, args)),
  },
  html: texts((args) => escapeHtml(joined(args))),
  js: texts((args) => escapeJs(joined(args))),
  urlquery: texts((args) => escapeQuery(joined(args))),
  call: {
    parameters: [anyValue, anyValue],
    variadic: true,
    call: ([fn], [source]) => notCallable(fn, source),
  },
  eq: {
    parameters: [anyValue, anyValue],
    variadic: true,
    call: ([a, ...rest]) => goBool(equalsAny(a, rest)),
  },
  ne: comparison((a, b) => !equalsAny(a, [b])),
  lt: comparison(less),
  le: comparison((a, b) => less(a, b) || equalsAny(a, [b])),
  gt: comparison((a, b) => !(less(a, b) || equalsAny(a, [b]))),
  ge: comparison((a, b) => !less(a, b)),
}

function notCallable(value: Value, source = ''): never {
  const fn = contentOf(value)
  if (!fn) throw new Error('call of nil')
  throw new Error(`non-function ${source} of type ${typeName(fn.type)}`)
}

function length(value: Value): number {
  const { value: item, isNil } = indirect(value)
  if (!item) throw new Error('reflect: call of reflect.Value.Type on zero Value')
  if (isNil) throw new Error('len of nil pointer')
  if (item.type.kind === 'string') return byteLength(item.data as string)
  if (item.type.kind === 'map') return (item.data as Map<string, Data> | null)?.size ?? 0
  const items = itemsOf(item)
  if (!items) throw new Error(`len of type ${typeName(item.type)}`)
  return items.items.length
}

function indexable(value: Value, what: string): GoValue {
  const item = contentOf(value)
  if (!item) throw new Error(`${what} of untyped nil`)
  return item
}

function indexOne(container: GoValue, key: Value): GoValue {
  const { value: item, isNil } = indirect(container)
  if (!item || isNil) throw new Error('index of nil pointer')
  const index = contentOf(key)
  if (item.type.kind === 'map') {
    const name = mapKey(index, item.type.key)
    return mapItem(item, name) ?? { type: item.type.element, data: zeroOf(item.type.element) }
  }
  const items = itemsOf(item)
  if (!items) throw new Error(`can't index item of type ${typeName(item.type)}`)
  const at = position(index, items.items.length)
  if (at === items.items.length) throw new Error(`reflect: ${item.type.kind} index out of range`)
  return { type: items.element, data: items.items[at] }
}

function mapKey(key: Value, type: GoType): string {
  if (!key) {
    if (!canBeNil(type)) throw new Error(`value is nil; should be of type ${typeName(type)}`)
    return ''
  }
  if (!assignable(key.type, type)) {
    throw new Error(`value has type ${typeName(key.type)}; should be ${typeName(type)}`)
  }
  return key.data as string
}

/** An index as a number from 0 to the length. */
function position(value: Value, size: number): number {
  const index = contentOf(value)
  if (!index) throw new Error('cannot index slice/array with nil')
  if (!isInteger(index.type)) throw new Error(`cannot index slice/array with type ${typeName(index.type)}`)
  const at = index.data as bigint
  if (at < 0n || at > BigInt(size)) throw new Error(`index out of range: ${at}`)
  return Number(at)
}

function slice(value: Value, bounds: readonly Value[]): GoValue {
  const item = indexable(value, 'slice')
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`)
  if (item.type.kind === 'string' && bounds.length === 3) throw new Error('cannot 3-index slice a string')
  const items = itemsOf(item)
  if (!items) throw new Error(`can't slice item of type ${typeName(item.type)}`)
  const size = items.items.length
  const [from = 0, to = size, most] = bounds.map((bound) => position(bound, size))
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  if (most !== undefined && to > most) throw new Error(`invalid slice index: ${to} > ${most}`)
  if (item.type.kind === 'string') {
    return {
      type: item.type,
      data: Buffer.from(item.data as string)
        .subarray(from, to)
        .toString(),
    }
  }
  return { type: item.type, data: items.items.slice(from, to) }
}

/** The text that html, js and urlquery work on. */
function joined(args: readonly Value[]): string {
  return sprint(
    args.map((argument) => {
      const { value } = indirect(argument)
      return value ?? goString('<no value>')
    }),
  )
}

const htmlEntities: Record<string, string> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '�',
}

const escapeHtml = (text: string): string =>
  text.replace(/["'&<>\0]/g, (character) => htmlEntities[character] ?? character)

const jsEscapes: Record<string, string> = { '\\': '\\\\', "'": "\\'", '"': '\\"' }

function escapeJs(text: string): string {
  const escaped = [...text].map((character) => {
    const short = jsEscapes[character]
    if (short) return short
    const code = character.codePointAt(0) as number
    const plain = code < 0x80 ? code >= 0x20 && !'<>&='.includes(character) : isPrintable(character)
    return plain ? character : `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
  return escaped.join('')
}

const escapeQuery = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
