/** PAX extended headers: `<length> <key>=<value>\n` records (POSIX pax, "pax Extended Header"). */

import type { Timestamp } from './entry.ts'
import { badHeader } from './fields.ts'

/** Records in order; GNU's sparse format 0.0 repeats keys, so this is not a map. */
export type PaxRecords = [key: string, value: Buffer][]

/** Parses the body of an extended header. Throws InvalidParameter. */
export function parsePax(body: Buffer): PaxRecords {
  const records: PaxRecords = []
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at)
    const digits = space < 0 ? '' : body.toString('latin1', at, Math.min(space, at + 12))
    if (!/^[0-9]{1,9}$/.test(digits)) throw badHeader()
    const end = at + Number(digits)
    if (end > body.length || end <= space || body[end - 1] !== 0x0a) throw badHeader()
    const equals = body.indexOf(0x3d, space)
    if (equals < 0 || equals >= end || equals === space + 1) throw badHeader()
    records.push([body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1)])
    at = end
  }
  return records
}

/** Formats one record; its length counts its own digits. */
export function formatPaxRecord(key: string, value: Uint8Array | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
  let length = rest.length + String(rest.length).length
  length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

/** A whole number that JavaScript can hold. Throws InvalidParameter. */
export function paxNumber(value: Buffer): number {
  const text = value.toString('latin1')
  const number = Number(text)
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) throw badHeader()
  return number
}

/** `1700000000.123456789`, also negative. Throws InvalidParameter. */
export function paxTime(value: Buffer): Timestamp {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'))
  if (!match) throw badHeader()
  const seconds = Number(match[2])
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  if (match[1] !== '-') return { seconds, nanoseconds }
  if (nanoseconds === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds }
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds }
}

/** A time as pax records have it: decimal seconds since 1970, as many digits after the point as it takes. */
export function formatPaxTime({ seconds, nanoseconds }: Timestamp): string {
  if (nanoseconds === 0) return String(seconds)
  const [sign, whole, fraction] =
    seconds < 0 ? ['-', -seconds - 1, 1_000_000_000 - nanoseconds] : ['', seconds, nanoseconds]
  return `${sign}${whole}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`
}
