/**
 * Patterns of paths: Go's filepath.Match for each part, and `**` for any number of parts. Compiled to one expression
 * without nested repetition, so that no pattern makes matching slow.
 */
import { posix } from 'node:path'
import { DockerfileProblem } from '../problem.ts'

/** A pattern whose parts can be compared with those of a path. */
export interface PathPattern {
  /** As it was written, cleaned: no leading slash, no `.` and `..`. */
  readonly text: string
  /** Whether the path is one that the pattern names. */
  names(path: string): boolean
  /** Whether the path is one that the pattern names, or lies below one. */
  covers(path: string): boolean
  /** Whether something below the directory may be covered. */
  reaches(directory: string): boolean
}

/** Throws DockerfileProblem for a bracket that is not closed. */
export function compilePattern(written: string): PathPattern {
  const text = posix.normalize(written.trim()).replace(/^(\.?\.?\/)+|\/+$/g, '')
  const parts = text.split('/').map((part) => (part === '**' ? null : compilePart(part, written)))
  // Two stars at the end stand for what is in a directory, and not for that itself.
  const ownParts = parts.at(-1) === null ? [...parts.slice(0, -1), () => true, null] : parts
  return {
    text,
    names: (path) => walk(ownParts, path.split('/'), 'names'),
    covers: (path) => walk(parts, path.split('/'), 'covers'),
    reaches: (directory) => walk(parts, directory.split('/'), 'reaches'),
  }
}

type Part = ((name: string) => boolean) | null

/**
 * Which places of the pattern can be reached after each part of the path: a set, so that time is in proportion to
 * their product. A null part stands for any number of names.
 */
function walk(
  parts: readonly Part[],
  names: readonly string[],
  question: 'names' | 'covers' | 'reaches',
): boolean {
  let places = spread(parts, new Set([0]))
  for (const name of names) {
    if (question === 'covers' && places.has(parts.length)) return true
    const next = new Set<number>()
    for (const place of places) {
      const part = parts[place]
      if (part === null) next.add(place)
      else if (part?.(name)) next.add(place + 1)
    }
    places = spread(parts, next)
    if (places.size === 0) return false
  }
  return question === 'reaches' ? places.size > 0 : places.has(parts.length)
}

/** `**` also stands for no name at all. */
function spread(parts: readonly Part[], places: Set<number>): Set<number> {
  for (const place of places) if (parts[place] === null) places.add(place + 1)
  return places
}

/** `*`, `?`, `[a-z]`, `[^a]` and a backslash, within one name. */
function compilePart(part: string, written: string): (name: string) => boolean {
  if (!/[*?[\\]/.test(part)) return (name) => name === part
  const tokens = tokensOf(part, written)
  return (name) => matches(tokens, name)
}

type Token = 'star' | ((character: string) => boolean)

function tokensOf(part: string, written: string): Token[] {
  const tokens: Token[] = []
  for (let index = 0; index < part.length; index++) {
    const character = part[index] ?? ''
    if (character === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star')
    } else if (character === '?') tokens.push(() => true)
    else if (character === '[') {
      const { end, test } = bracket(part, index, written)
      tokens.push(test)
      index = end
    } else {
      const wanted = character === '\\' ? (part[++index] ?? '\\') : character
      tokens.push((found) => found === wanted)
    }
  }
  return tokens
}

function bracket(
  part: string,
  from: number,
  written: string,
): { end: number; test: (found: string) => boolean } {
  const isNegated = part[from + 1] === '^'
  const ranges: [string, string][] = []
  let index = from + (isNegated ? 2 : 1)
  const next = (): string => {
    if (part[index] === '\\') index++
    const character = part[index++]
    if (character === undefined) throw new DockerfileProblem(`syntax error in pattern: ${written}`)
    return character
  }
  while (part[index] !== ']' || ranges.length === 0) {
    const low = next()
    let high = low
    if (part[index] === '-' && part[index + 1] !== ']') {
      index++
      high = next()
    }
    ranges.push([low, high])
  }
  const isIn = (found: string): boolean => ranges.some(([low, high]) => low <= found && found <= high)
  return { end: index, test: (found) => isIn(found) !== isNegated }
}

/** Greedy with one point of return: the last star. */
function matches(tokens: readonly Token[], name: string): boolean {
  const characters = [...name]
  let [token, at, star, resume] = [0, 0, -1, 0]
  while (at < characters.length) {
    const wanted = tokens[token]
    if (wanted === 'star') {
      star = token++
      resume = at
    } else if (wanted?.(characters[at] ?? '')) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++resume
    } else return false
  }
  while (tokens[token] === 'star') token++
  return token === tokens.length
}
