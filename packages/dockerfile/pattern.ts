/**
 * Patterns of `${name#pattern}` and its kin: `*` is any run, `?` one character, a backslash takes the next as it is.
 * Matching takes time in proportion to the value's length: patterns are as hostile as the Dockerfile they come in.
 */

/** One character, or null for any. */
type Token = string | null

/** The pieces between the stars. */
function segments(pattern: string): Token[][] {
  const all: Token[][] = [[]]
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] ?? ''
    if (character === '*') all.push([])
    else if (character === '?') all.at(-1)?.push(null)
    else all.at(-1)?.push(character === '\\' ? (pattern[++index] ?? '\\') : character)
  }
  return all
}

function matchesAt(text: string, segment: readonly Token[], at: number): boolean {
  if (at + segment.length > text.length) return false
  return segment.every((token, index) => token === null || token === text[at + index])
}

/** Where the segment is first found from `from` on; -1 when nowhere. */
function find(text: string, segment: readonly Token[], from: number): number {
  for (let at = from; at + segment.length <= text.length; at++) if (matchesAt(text, segment, at)) return at
  return -1
}

function findLast(text: string, segment: readonly Token[], from: number): number {
  for (let at = text.length - segment.length; at >= from; at--) if (matchesAt(text, segment, at)) return at
  return -1
}

/** The end of the match that begins at `start`, where the first segment is known to match; -1 without one. */
function matchEnd(text: string, [first = [], ...others]: Token[][], start: number, longest: boolean): number {
  let end = start + first.length
  for (const [index, segment] of others.entries()) {
    const isLast = index === others.length - 1
    const at = isLast && longest ? findLast(text, segment, end) : find(text, segment, end)
    if (at < 0) return -1
    end = at + segment.length
  }
  return end
}

/** Takes the shortest (or longest) match off the start. */
export function withoutPrefix(value: string, pattern: string, longest: boolean): string {
  const pieces = segments(pattern)
  if (!matchesAt(value, pieces[0] ?? [], 0)) return value
  const end = matchEnd(value, pieces, 0, longest)
  return end < 0 ? value : value.slice(end)
}

/** Takes the shortest (or longest) match off the end: a prefix, read backwards. */
export function withoutSuffix(value: string, pattern: string, longest: boolean): string {
  const backwards = [...value].reverse()
  const text = backwards.join('')
  const pieces = segments(pattern)
    .map((segment) => segment.toReversed())
    .reverse()
  if (!matchesAt(text, pieces[0] ?? [], 0)) return value
  const end = matchEnd(text, pieces, 0, longest)
  return end < 0 ? value : value.slice(0, value.length - end)
}

/** Replaces the first match, or every one; of several that begin together the longest. */
export function replaceMatches(value: string, pattern: string, text: string, every: boolean): string {
  const pieces = segments(pattern)
  let result = ''
  let position = 0
  while (position < value.length) {
    const start = find(value, pieces[0] ?? [], position)
    const end = start < 0 ? -1 : matchEnd(value, pieces, start, true)
    if (end <= start) break // without a match here there is none further on
    result += value.slice(position, start) + text
    position = end
    if (!every) break
  }
  return result + value.slice(position)
}
