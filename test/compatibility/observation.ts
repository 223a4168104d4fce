/** What one request showed: who asked what, with which fields, and which fields came back. */
export interface Observation {
  /** `test/e2e/run.test.ts › suite › test`; empty outside of a test. */
  test: string
  method: string
  path: string
  status: number
  query: string[]
  body: string[]
  answer: string[]
}

/**
 * The fields of a JSON text that hold something, as paths: `HostConfig.Binds[]`, `Labels.x`. Each line of a stream of
 * documents counts. A text that is no JSON has none.
 */
export function fieldsOf(text: string): string[] {
  const found = new Set<string>()
  for (const document of documentsIn(text)) collect(document, '', found)
  return [...found]
}

function documentsIn(text: string): unknown[] {
  if (!/^\s*[{[]/.test(text)) return []
  try {
    return [JSON.parse(text)]
  } catch {
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line)]
      } catch {
        return []
      }
    })
  }
}

function collect(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    if (value.length > 0) found.add(`${path}[]`)
    for (const item of value) collect(item, `${path}[]`, found)
  } else if (typeof value === 'object' && value !== null) {
    // In maps that stand for sets, the key is all there is.
    if (Object.keys(value).length === 0 && path.includes('.')) found.add(path)
    for (const [name, field] of Object.entries(value))
      collect(field, path === '' ? name : `${path}.${name}`, found)
  } else if (value !== null && path !== '') found.add(path)
}
