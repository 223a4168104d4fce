/** The number of single-character changes between two texts (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** ` (did you mean X?)` for the choice nearest to what was written, or nothing when none is near. */
export function suggestion(written: string, choices: readonly string[], caseSensitive = true): string {
  const best = nearest(written, choices, caseSensitive)
  return best === null ? '' : ` (did you mean ${best}?)`
}

/** Null when none is near. What differs only in case is, unless case counts; what is the same is no suggestion. */
function nearest(written: string, choices: readonly string[], caseSensitive: boolean): string | null {
  const normal = (text: string): string => (caseSensitive ? text : text.toLowerCase())
  const [best] = choices
    .filter((choice) => choice !== written && Math.abs(choice.length - written.length) <= 2)
    .map((choice) => ({ choice, changes: distance(normal(written), normal(choice)) }))
    .filter(({ changes }) => changes <= 2 && changes < written.length)
    .sort((a, b) => a.changes - b.changes)
  return best?.choice ?? null
}

/** Directories with more names than this are not looked through. */
const mostNames = 10_000

/**
 * The path that may have been meant by one that names nothing: each part as it is, or else the nearest name. `names` gives
 * those in a directory, of which there are none where it cannot be read. Null when nothing is near.
 */
export function nearestPath(path: string, names: (directory: string) => string[]): string | null {
  let found = ''
  for (const part of path.split('/').filter((each) => each !== '')) {
    const there = names(found || '/')
    const near = there.includes(part) || there.length > mostNames ? part : nearest(part, there, false)
    if (near === null) return null
    found = `${found}/${near}`
  }
  return found === path || found === '' ? null : found
}
