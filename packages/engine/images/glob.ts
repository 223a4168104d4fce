/** Go's `path.Match`: `*` and `?` stop at slashes, `[a-z]` and `[^a]` are classes. A broken pattern matches nothing. */
export function matchesGlob(pattern: string, text: string): boolean {
  const source = pattern.replace(/\\(.)|\[(\^?)([^\]]*)\]|\*|\?|[$^.|+(){}[\]\\]/gs, translate)
  try {
    return new RegExp(`^${source}$`, 's').test(text)
  } catch {
    return false
  }
}

function translate(match: string, escaped?: string, negated?: string, members?: string): string {
  if (escaped !== undefined) return escaped.replace(/[$^.*+?|(){}[\]\\/]/, '\\$&')
  if (members !== undefined) return `[${negated}${members.replace(/[\\[]/g, '\\$&')}]`
  if (match === '*') return '[^/]*'
  if (match === '?') return '[^/]'
  // A class without an end: left as it is, it breaks the expression as it breaks the pattern.
  if (match === '[') return match
  return `\\${match}`
}
