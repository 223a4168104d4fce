/** Sizes and spans of time in Docker's words. */
import { formatFloat } from './go/float.ts'

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']

/** Bytes in powers of 1000, with so many significant digits: `1.24MB`. */
export const humanSize = (bytes: number, digits = 4): string => sized(bytes, 1000, decimalUnits, digits)

/** Bytes in powers of 1024: `1.952GiB`. */
export const binarySize = (bytes: number): string => sized(bytes, 1024, binaryUnits, 4)

function sized(bytes: number, base: number, units: readonly string[], digits: number): string {
  let size = bytes
  let unit = 0
  while (size >= base && unit < units.length - 1) {
    size /= base
    unit++
  }
  return formatFloat(size, 'g', digits) + units[unit]
}

/** How long, in rough words: `About a minute`, `3 hours`. */
export function humanDuration(milliseconds: number): string {
  const exact = milliseconds / 1000
  const seconds = Math.trunc(exact)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.trunc(exact / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.trunc(exact / 3600 + 0.5)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`
  return `${Math.trunc(Math.trunc(exact / 3600) / 24 / 365)} years`
}
