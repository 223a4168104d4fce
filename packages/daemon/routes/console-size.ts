import { GantryError } from '@gantry/errors'
import type { ConsoleSize } from '@gantry/runtime'
import type { Query } from '../http/query.ts'

/** `h` and `w` of a resize request, both required. Throws InvalidParameter. */
export function requiredSize(query: Query): ConsoleSize {
  return { rows: dimension(query, 'h'), columns: dimension(query, 'w') }
}

function dimension(query: Query, name: string): number {
  const value = query.requiredInteger(name)
  if (value < 0 || value > 0xffff)
    throw new GantryError('InvalidParameter', `strconv.ParseUint: parsing "${value}": value out of range`)
  return value
}

/** `ConsoleSize` of a body, `[height, width]`; undefined when it names none. */
export function sizeOf(pair: number[] | null | undefined): ConsoleSize | undefined {
  const [rows = 0, columns = 0] = pair ?? []
  return rows > 0 || columns > 0 ? { rows, columns } : undefined
}
