/** Small texts that several lists show. */
import { humanDuration } from '../units.ts'

/** The first twelve characters of an id, without its algorithm. */
export function shortId(id: string): string {
  const colon = id.indexOf(':')
  return (colon < 0 ? id : id.slice(colon + 1)).slice(0, 12)
}

/** At most so many characters, the last of them an ellipsis when some are missing. */
export function ellipsis(text: string, length: number): string {
  const characters = [...text]
  if (characters.length <= length) return text
  return length <= 1 ? characters.slice(0, length).join('') : `${characters.slice(0, length - 1).join('')}…`
}

/** `key=value` pairs, sorted. */
export const labelText = (labels: Readonly<Record<string, string>> | null | undefined): string =>
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

/** How long ago a moment was: `5 minutes ago`. */
export const ago = (milliseconds: number): string => `${humanDuration(Date.now() - milliseconds)} ago`

/** The value of a label; empty for one that is not there. Names are the user's, also those that every object has. */
export const labelOf = (labels: Readonly<Record<string, string>> | null | undefined, name: string): string =>
  labels && Object.hasOwn(labels, name) ? (labels[name] ?? '') : ''
