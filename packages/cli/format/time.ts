/** Times as Go writes them. */

export interface Instant {
  /** Whole seconds since 1970. */
  readonly seconds: number
  readonly nanoseconds: number
  /** Minutes east of UTC, as the text it was read from says; undefined for the machine's own zone. */
  readonly offset?: number
}

/** The moment of Go's zero time. */
export const zeroTime: Instant = { seconds: -62135596800, nanoseconds: 0, offset: 0 }

/** Reads an RFC 3339 time with up to nine digits of a second; undefined when it is none. */
export function parseTime(text: string): Instant | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text)
  if (!match) return undefined
  const [, date, clock, fraction = '', zone = 'Z'] = match
  const milliseconds = Date.parse(`${date}T${clock}${zone}`)
  if (Number.isNaN(milliseconds)) return undefined
  const offset =
    zone === 'Z' ? 0 : (zone[0] === '-' ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)))
  return { seconds: milliseconds / 1000, nanoseconds: Number(fraction.padEnd(9, '0')), offset }
}

/** Now, in the machine's zone. */
export const fromUnix = (seconds: number, nanoseconds = 0): Instant => ({ seconds, nanoseconds })

/** A moment's parts in its zone. */
export function partsOf(instant: Instant) {
  const local = new Date(instant.seconds * 1000)
  const offset = instant.offset ?? -local.getTimezoneOffset()
  const shifted = new Date(instant.seconds * 1000 + offset * 60000)
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    weekday: shifted.getUTCDay(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
    offset,
    zone: instant.offset === undefined ? zoneName(local, offset) : instant.offset === 0 ? 'UTC' : '',
  }
}

/** The zone's short name; zones without one are shown as their offset, as Go does. */
function zoneName(moment: Date, offset: number): string {
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(moment)
    .find((part) => part.type === 'timeZoneName')?.value
  if (name && /^[A-Z]{3,5}$/.test(name)) return name
  if (offset === 0) return 'UTC'
  return offsetText(offset, '').replace(/00$/, '')
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `+0200` or, with a separator, `+02:00`. */
function offsetText(offset: number, separator: string): string {
  const size = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}${separator}${two(size % 60)}`
}

function clock(parts: ReturnType<typeof partsOf>): string {
  return `${two(parts.hour)}:${two(parts.minute)}:${two(parts.second)}`
}

const dateText = (parts: ReturnType<typeof partsOf>): string =>
  `${String(parts.year).padStart(4, '0')}-${two(parts.month)}-${two(parts.day)}`

/** Go's Time.String: `2006-01-02 15:04:05.999999999 -0700 MST`. */
export function goTimeText(instant: Instant): string {
  const parts = partsOf(instant)
  const zone = parts.zone || offsetText(parts.offset, '')
  return `${dateText(parts)} ${clock(parts)}${fraction(instant)} ${offsetText(parts.offset, '')} ${zone}`
}

/** RFC 3339 with as many digits of a second as there are, or always nine. */
export function rfc3339(instant: Instant, allDigits = false): string {
  const parts = partsOf(instant)
  const digits = allDigits ? `.${String(instant.nanoseconds).padStart(9, '0')}` : fraction(instant)
  const zone = parts.offset === 0 ? 'Z' : offsetText(parts.offset, ':')
  return `${dateText(parts)}T${clock(parts)}${digits}${zone}`
}

function fraction(instant: Instant): string {
  const digits = String(instant.nanoseconds).padStart(9, '0').replace(/0+$/, '')
  return digits && `.${digits}`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Go's ANSIC layout: `Fri May 30 12:07:14 2025`. */
export function ansic(instant: Instant): string {
  const parts = partsOf(instant)
  const day = String(parts.day).padStart(2, ' ')
  return `${days[parts.weekday]} ${months[parts.month - 1]} ${day} ${clock(parts)} ${parts.year}`
}

const layoutToken =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|-07:00|-0700|-07|01|02|03|04|05|06|15|_2|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5/g

const fullDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const fullMonths =
  'January February March April May June July August September October November December'.split(' ')

/** Go's Time.Format: the layout shows how 15:04:05 on Monday, January 2nd, 2006, seven hours west of UTC, would look. */
export function formatLayout(instant: Instant, layout: string): string {
  const parts = partsOf(instant)
  const hour12 = parts.hour % 12 || 12
  const values: Record<string, string> = {
    2006: String(parts.year).padStart(4, '0'),
    '06': two(parts.year % 100),
    January: fullMonths[parts.month - 1] ?? '',
    Jan: months[parts.month - 1] ?? '',
    '01': two(parts.month),
    1: String(parts.month),
    Monday: fullDays[parts.weekday] ?? '',
    Mon: days[parts.weekday] ?? '',
    '02': two(parts.day),
    _2: String(parts.day).padStart(2, ' '),
    2: String(parts.day),
    15: two(parts.hour),
    '03': two(hour12),
    3: String(hour12),
    PM: parts.hour < 12 ? 'AM' : 'PM',
    pm: parts.hour < 12 ? 'am' : 'pm',
    '04': two(parts.minute),
    4: String(parts.minute),
    '05': two(parts.second),
    5: String(parts.second),
    MST: parts.zone || offsetText(parts.offset, ''),
    'Z07:00': parts.offset === 0 ? 'Z' : offsetText(parts.offset, ':'),
    '-07:00': offsetText(parts.offset, ':'),
    '-0700': offsetText(parts.offset, ''),
    '-07': offsetText(parts.offset, '').slice(0, 3),
  }
  return layout.replaceAll(layoutToken, (token) => {
    const known = values[token]
    if (known !== undefined) return known
    const digits = String(instant.nanoseconds)
      .padStart(9, '0')
      .slice(0, token.length - 1)
    const shown = token[1] === '9' ? digits.replace(/0+$/, '') : digits
    return shown && token[0] + shown
  })
}
