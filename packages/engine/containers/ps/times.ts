/** Times as ps(1) writes them. */

const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** `00:01:05`, `2-03:04:05`. */
export function clockText(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const clock = `${two((seconds / 3600) % 24)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
  return days > 0 ? `${days}-${clock}` : clock
}

/** `1:05`: minutes may be many. */
export const minutesText = (seconds: number) => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`

/** `05:07`, `01:05:07`, `2-01:05:07`. */
export function elapsedText(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const rest = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`
  return `${days > 0 ? `${days}-` : ''}${days > 0 || hours > 0 ? `${two(hours)}:` : ''}${rest}`
}

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString()

/** Hour and minute of today, the day of this year, or the year. */
export function startText(startedAt: Date, now: Date): string {
  if (sameDay(startedAt, now)) return `${two(startedAt.getHours())}:${two(startedAt.getMinutes())}`
  if (startedAt.getFullYear() === now.getFullYear())
    return `${months[startedAt.getMonth()]}${two(startedAt.getDate())}`
  return String(startedAt.getFullYear())
}

/** `09:54:02` within a day, else `Nov 21`. */
export function startTimeText(startedAt: Date, now: Date): string {
  if (now.getTime() - startedAt.getTime() < 86_400_000) return clockOf(startedAt)
  return `${months[startedAt.getMonth()]} ${two(startedAt.getDate())}`
}

const clockOf = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`

/** `Sun Nov 22 09:54:02 2026`. */
export function longStartText(date: Date): string {
  const day = String(date.getDate()).padStart(2)
  return `${weekdays[date.getDay()]} ${months[date.getMonth()]} ${day} ${clockOf(date)} ${date.getFullYear()}`
}
