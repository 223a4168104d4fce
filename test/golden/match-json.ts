/** Compares an answer with a recorded one, whose placeholders stand for what differs from run to run. */

/** Which object of this run a placeholder `<ID7>` of the recording stands for. */
export type Bindings = Map<string, string>

export interface MatchOptions {
  readonly bindings: Bindings
  /** Texts to replace, and what stood for them in the recording. */
  readonly paths: Readonly<Record<string, string>>
}

/** Host facts and sizes of the machine's own busybox: only that they are there is compared. */
const variable = new Set(
  'NCPU MemTotal NFd NGoroutines Size VirtualSize SharedSize SizeRootFs LayersSize TotalSize Created Pid'.split(
    ' ',
  ),
)

/** The places where the two differ, a line each: `.State.Pid: 1 -> 2`. */
export function differences(expected: unknown, actual: unknown, options: MatchOptions, path = ''): string[] {
  if (typeof expected === 'string') return matchText(expected, actual, options, path)
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [line(path, expected, actual)]
    if (expected.length !== actual.length) return [`${path}: ${expected.length} items -> ${actual.length}`]
    // What a prune removed is told in any order.
    if (path.endsWith('Deleted') && expected.every((item) => typeof item === 'string')) {
      return unordered(expected, actual, options, path)
    }
    const items = byName(actual)
    return byName(expected).flatMap((item, index) =>
      differences(item, items[index], options, `${path}[${index}]`),
    )
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return [line(path, expected, actual)]
    return objectDifferences(expected, actual, options, path)
  }
  const name = path.split('.').at(-1) ?? ''
  if (variable.has(name) && typeof expected === typeof actual) return []
  return Object.is(expected, actual) ? [] : [line(path, expected, actual)]
}

function unordered(
  expected: readonly string[],
  actual: readonly unknown[],
  options: MatchOptions,
  path: string,
): string[] {
  const rest = [...actual]
  // Names first: they cannot be taken for ids.
  const wanted = expected.toSorted((a, b) => Number(a.includes('<')) - Number(b.includes('<')))
  return wanted.flatMap((item) => {
    const index = rest.findIndex(
      (candidate) => typeof candidate === 'string' && fits(item, candidate, options),
    )
    if (index < 0) return [`${path}: ${item} -> missing`]
    rest.splice(index, 1)
    return []
  })
}

/** Named objects come in any order. */
function byName(items: readonly unknown[]): readonly unknown[] {
  const nameOf = (item: unknown) => (isObject(item) && typeof item.Name === 'string' ? item.Name : '')
  return items.every(nameOf) ? items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)) : items
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function objectDifferences(
  expected: Record<string, unknown>,
  actual: Record<string, unknown>,
  options: MatchOptions,
  path: string,
): string[] {
  const rest = new Set(Object.keys(actual))
  const found: string[] = []
  for (const [key, value] of Object.entries(expected)) {
    const here = keyHere(key, rest, options)
    if (here === undefined) {
      found.push(`${path}.${key}: ${JSON.stringify(value)} -> missing`)
      continue
    }
    rest.delete(here)
    found.push(...differences(value, actual[here], options, `${path}.${key}`))
  }
  return [
    ...found,
    ...[...rest].map((key) => `${path}.${key}: not recorded -> ${JSON.stringify(actual[key])}`),
  ]
}

/** Objects are also keyed by ids. */
function keyHere(key: string, candidates: ReadonlySet<string>, options: MatchOptions): string | undefined {
  if (candidates.has(key)) return key
  return key.includes('<') ? [...candidates].find((candidate) => fits(key, candidate, options)) : undefined
}

function matchText(expected: string, actual: unknown, options: MatchOptions, path: string): string[] {
  if (typeof actual === 'number' && /^<(?:UNIX|UNIXNANO|PID|N)_*>$/.test(expected)) return []
  return typeof actual === 'string' && fits(expected, actual, options) ? [] : [line(path, expected, actual)]
}

const line = (path: string, expected: unknown, actual: unknown): string =>
  `${path || '.'}: ${JSON.stringify(expected)} -> ${JSON.stringify(actual)}`

const placeholder = /<(ID\d+|[A-Z_]+?)_*>/

/** Whether the text is what the recording says, placeholders filled; ids are bound at first sight. */
function fits(expected: string, actual: string, { bindings, paths }: MatchOptions): boolean {
  let text = actual
  for (const [here, there] of Object.entries(paths)) text = text.replaceAll(here, there)
  const names: string[] = []
  // A part of the sandbox's id, which the recording did not replace.
  text = text.replace(/netns\/[0-9a-f]{12}/, 'netns/')
  const pattern = expected
    .replace(/netns\/[0-9a-f]{12}/, 'netns/')
    .split(/(<(?:ID\d+|[A-Z_]+?)_*>)/)
    .map((piece) => {
      const name = placeholder.exec(piece)?.[1]
      if (name === undefined) return RegExp.escape(piece)
      names.push(name)
      return name.startsWith('ID') ? '([0-9a-f]{12,64})' : '(.*)'
    })
    .join('')
  const match = new RegExp(`^${pattern}$`, 's').exec(text)
  if (!match) return false
  return names.every((name, index) => !name.startsWith('ID') || bind(name, match[index + 1] ?? '', bindings))
}

function bind(name: string, id: string, bindings: Bindings): boolean {
  const known = bindings.get(name)
  if (known === undefined || (id.length > known.length && id.startsWith(known))) bindings.set(name, id)
  return known === undefined || known.startsWith(id) || id.startsWith(known)
}
