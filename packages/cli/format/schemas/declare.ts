/** Reads Go types from a notation close to Go's own. */
import {
  anyType,
  type BasicKind,
  type Data,
  type Field,
  type GoType,
  mapOf,
  pointerTo,
  type StructType,
  sliceOf,
} from '../go/types.ts'

/**
 * Struct bodies by type name, a field a line: `Name Type`, then, where they differ from the default, the key in JSON with
 * `,omitempty` (`-` for none). `+Name Type` embeds. Types: Go's basic ones, `any`, `*T`, `[]T`, `[2]T`, `map[K]T`, the
 * names declared here or in `others`. `stringers` are the String methods of declared types.
 */
export type Declarations = Readonly<Record<string, string>>

const basics = new Set(
  'bool string int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 float64'.split(' '),
)

/** Finds a declared type by its name; each is built once, when it is first asked for. */
export function declareTypes(
  declarations: Declarations,
  others: Readonly<Record<string, GoType>>,
  stringers: Readonly<Record<string, (data: Data) => string>> = {},
): (name: string) => GoType {
  const built = new Map<string, GoType>(Object.entries(others))

  const structNamed = (name: string, body: string): StructType => {
    const fields: Field[] = []
    const type: StructType = { kind: 'struct', name, fields, stringer: stringers[name] }
    built.set(name, type)
    for (const line of body.split('\n')) if (line.trim()) fields.push(fieldOf(line.trim()))
    return type
  }

  const fieldOf = (line: string): Field => {
    const [, plus, name = '', rest = ''] = /^(\+?)(\w+) (.+)$/.exec(line) ?? []
    const [, typeText = '', json] = /^((?:map\[[\w.]+\]|\S)+)(?: (\S+))?$/.exec(rest) ?? []
    const type = typeOf(typeText)
    if (plus) return { name, json: '', type, embedded: true }
    const [key, option] = (json ?? name).split(',')
    return { name, json: key || name, type, omitEmpty: option === 'omitempty' }
  }

  const typeOf = (text: string): GoType => {
    if (text === 'any') return anyType
    if (basics.has(text)) return { kind: text as BasicKind }
    if (text.startsWith('*')) return pointerTo(typeOf(text.slice(1)))
    if (text.startsWith('[]')) return sliceOf(typeOf(text.slice(2)))
    const array = /^\[(\d+)\](.+)$/.exec(text)
    if (array) return { kind: 'array', length: Number(array[1]), element: typeOf(array[2] as string) }
    const map = /^map\[([\w.]+)\](.+)$/.exec(text)
    if (map) return mapOf(typeOf(map[2] as string), typeOf(map[1] as string))
    const body = declarations[text]
    const known = built.get(text) ?? (body === undefined ? undefined : structNamed(text, body))
    if (!known) throw new TypeError(`no Go type ${text}`)
    return known
  }
  return typeOf
}
