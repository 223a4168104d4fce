/** Moments as the command line takes them: `10m` (ago), `2024-01-02T15:04:05Z`, `2024-01-02`, seconds since 1970. */
import { parseDuration } from '@gantry/dockerfile/duration'

const pattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * The moment as the engine takes it: seconds since 1970, with nanoseconds after a point. Without a zone the machine's own
 * counts. Throws an Error with Docker's words.
 */
export function timestamp(text: string, now = Date.now()): string {
  const before = durationOf(text)
  if (before !== undefined) return String(Math.floor((now - before / 1e6) / 1000))
  const match = pattern.exec(text)
  if (match) {
    const seconds = secondsOf(match)
    if (seconds === undefined)
      throw new Error(`parsing time ${JSON.stringify(text)}: ${outOfRange(match)} out of range`)
    return `${seconds}.${(match[7] ?? '').padEnd(9, '0')}`
  }
  if (text.includes('-')) throw new Error(unreadable(text))
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return text
  throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`)
}

function durationOf(text: string): number | undefined {
  if (text === '0') return undefined
  try {
    return parseDuration(text)
  } catch {
    return undefined
  }
}

function secondsOf(match: RegExpExecArray): number | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00', , zone = ''] = match
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)
  if (Number.isNaN(milliseconds)) return undefined
  // The 31st of February is not the 3rd of March.
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day))
    return undefined
  return milliseconds / 1000
}

/** The first part that is too large; a day too many for the month is left over. */
function outOfRange([, , month, , hour = '0', minute = '0', second = '0']: RegExpExecArray): string {
  if (Number(month) < 1 || Number(month) > 12) return 'month'
  if (Number(hour) > 23) return 'hour'
  if (Number(minute) > 59) return 'minute'
  return Number(second) > 59 ? 'second' : 'day'
}

/** What Go says of a time that is not written in the layout it looks like. */
function unreadable(text: string): string {
  const zoned = /[zZ+]/.test(text) || text.split('-').length === 4
  const time = text.includes('T') ? 'T15:04:05' : ''
  const layout = `2006-01-02${time}${text.includes('.') ? '.999999999' : ''}${zoned ? 'Z07:00' : ''}`
  return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)} as "2006"`
}
