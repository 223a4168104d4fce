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
  const normal = (text: string): string => (caseSensitive ? text : text.toLowerCase())
  const [best] = choices
    .map((choice) => ({ choice, changes: distance(normal(written), normal(choice)) }))
    .filter(({ changes }) => changes > 0 && changes <= 2)
    .sort((a, b) => a.changes - b.changes)
  return best ? ` (did you mean ${best.choice}?)` : ''
}
