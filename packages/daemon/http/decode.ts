/**
 * Request bodies, decoded as Go decodes them into Docker's structs: field names match in any case, unknown fields are
 * dropped, null counts as absent, and a value of the wrong type is an error that names its field.
 */
import type { Shape } from '@gantry/api/shape'
import { shapes } from '@gantry/api/shapes'
import { GantryError } from '@gantry/errors'

/** Throws InvalidParameter `invalid JSON: json: cannot unmarshal …`. */
export function decode(shape: Shape, value: unknown): unknown {
  return decodeAt(shape, value, '')
}

function decodeAt(shape: Shape, value: unknown, path: string): unknown {
  if (shape === 'any') return value
  if (typeof shape === 'string') return decodeScalar(shape, value, path)
  if ('ref' in shape) return decodeAt(shapes[shape.ref] ?? 'any', value, path)
  if ('array' in shape) return decodeArray(shape.array, value, path)
  if ('map' in shape) return decodeMap(shape.map, value, path)
  return decodeFields(shape.fields, value, path)
}

function decodeScalar(shape: Exclude<Shape, object | 'any'>, value: unknown, path: string): unknown {
  if (shape === 'command') return typeof value === 'string' ? [value] : decodeArray('string', value, path)
  if (value === null) return shape === 'string' ? '' : shape === 'boolean' ? false : 0
  if (shape === 'integer') {
    if (Number.isInteger(value)) return value
    throw mismatch(value, path, 'int64')
  }
  if (typeof value === shape) return value
  throw mismatch(value, path, shape === 'boolean' ? 'bool' : shape === 'number' ? 'float64' : shape)
}

function decodeArray(items: Shape, value: unknown, path: string): unknown {
  if (!Array.isArray(value)) throw mismatch(value, path, `[]${goType(items)}`)
  return value.map((item) => decodeAt(items, emptyForNull(items, item), path))
}

function decodeMap(values: Shape, value: unknown, path: string): unknown {
  if (!isRecord(value)) throw mismatch(value, path, `map[string]${goType(values)}`)
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item]) => [key, decodeAt(values, emptyForNull(values, item), join(path, key))]),
  )
}

function decodeFields(fields: Readonly<Record<string, Shape>>, value: unknown, path: string): unknown {
  if (!isRecord(value)) throw mismatch(value, path, 'object')
  const decoded: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(fields, key) ? key : sameInAnyCase(fields, key)
    const shape = name === undefined ? undefined : fields[name]
    if (name === undefined || shape === undefined || item === null) continue
    decoded[name] = decodeAt(shape, item, join(path, name))
  }
  return decoded
}

function sameInAnyCase(fields: Readonly<Record<string, Shape>>, key: string): string | undefined {
  const lower = key.toLowerCase()
  return Object.keys(fields).find((name) => name.toLowerCase() === lower)
}

/** A null inside an array or map is that type's empty value. */
function emptyForNull(shape: Shape, value: unknown): unknown {
  if (value !== null || typeof shape === 'string') return value
  if ('ref' in shape) return emptyForNull(shapes[shape.ref] ?? 'any', value)
  return 'array' in shape ? [] : {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function goType(shape: Shape): string {
  if (shape === 'integer') return 'int64'
  if (shape === 'number') return 'float64'
  if (shape === 'boolean') return 'bool'
  if (shape === 'command') return '[]string'
  return typeof shape === 'string' ? shape : 'object'
}

function mismatch(value: unknown, path: string, type: string): GantryError {
  const where = path === '' ? 'value' : `struct field ${path}`
  return new GantryError(
    'InvalidParameter',
    `invalid JSON: json: cannot unmarshal ${goValue(value)} into Go ${where} of type ${type}`,
  )
}

function goValue(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`
  return typeof value === 'boolean' ? 'bool' : typeof value
}
