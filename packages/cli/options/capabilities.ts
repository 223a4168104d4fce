/** `--cap-add`, `--cap-drop`. */

/** The capabilities as the API wants them: `CAP_` names, each once, sorted; `ALL` alone; what is added is not dropped. */
export function capabilities(
  add: readonly string[],
  drop: readonly string[],
): { CapAdd?: string[]; CapDrop?: string[] } {
  const added = normalized(add)
  const dropped = normalized(drop).filter((name) => !added.includes(name))
  return { ...(added.length > 0 && { CapAdd: added }), ...(dropped.length > 0 && { CapDrop: dropped }) }
}

function normalized(names: readonly string[]): string[] {
  const upper = names.map((name) => name.trim().toUpperCase())
  if (upper.includes('ALL')) return ['ALL']
  return [...new Set(upper.map((name) => (name.startsWith('CAP_') ? name : `CAP_${name}`)))].sort()
}
