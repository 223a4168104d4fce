/** `--gpus all`, `--gpus 2`, `--gpus device=0,driver=nvidia,capabilities=utility`. */
import type { DeviceRequest } from '@gantry/api'
import { parseCsv } from './csv.ts'
import { parseGoInt } from './go-numbers.ts'

/** Reads one value of `--gpus`. Throws RangeError with Docker's words. */
export function parseGpus(text: string): DeviceRequest {
  const values = new Map<string, string>()
  for (const field of parseCsv(text)) {
    const equals = field.indexOf('=')
    const key = equals < 0 ? 'count' : field.slice(0, equals)
    if (values.has(key)) throw new RangeError(`gpu request key '${key}' can be specified only once`)
    if (!keys.has(key)) throw new RangeError(`unexpected key '${key}' in '${field}'`)
    const value = field.slice(equals + 1)
    if (key === 'count') parseCount(value)
    values.set(key, value)
  }
  const device = values.get('device')
  const count = values.get('count')
  const driver = values.get('driver')
  return {
    ...(driver !== undefined && { Driver: driver }),
    Count: count === undefined ? (device === undefined ? 1 : 0) : parseCount(count),
    ...(device !== undefined && { DeviceIDs: device.split(',') }),
    Capabilities: [[...(values.get('capabilities')?.split(',') ?? []), 'gpu']],
    Options: readOptions(values.get('options')),
  }
}

const keys = new Set(['count', 'driver', 'device', 'capabilities', 'options'])

function parseCount(text: string): number {
  if (text === 'all') return -1
  try {
    return parseGoInt(text, 10)
  } catch (error) {
    const reason = (error as Error).message.split(': ').at(-1)
    throw new RangeError(`invalid count (${text}): value must be either "all" or an integer: ${reason}`)
  }
}

function readOptions(text: string | undefined): Record<string, string> {
  if (text === undefined) return {}
  return Object.fromEntries(
    parseCsv(text).map((field) => {
      const [key = '', ...value] = field.split('=')
      return [key, value.join('=')]
    }),
  )
}
