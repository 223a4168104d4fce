/** Comments right above a stage or an argument describe it: `# NAME what it is for`. */
import type { Dockerfile } from '../parse.ts'
import type { Finding } from './rules.ts'

/** The comment that stands right above a line (from 1), without its mark; undefined when there is none. */
function commentAbove(source: readonly string[], line: number): string | undefined {
  const [, text] = /^\s*#\s*(.*?)\s*$/.exec(source[line - 2] ?? '') ?? []
  return text
}

/** What the comment above says of that name; undefined when it is not about it. */
export function descriptionOf(source: readonly string[], line: number, name: string): string | undefined {
  const text = commentAbove(source, line)
  return text?.split(/\s/)[0]?.toLowerCase() === name.toLowerCase()
    ? text.slice(name.length).trim()
    : undefined
}

/** Finds comments above a stage or an argument that are not `# NAME description`. `source` is the file by lines. */
export function* descriptionRules(
  { globals, stages }: Dockerfile,
  source: readonly string[],
): Generator<Finding> {
  const inStages = stages.flatMap(({ commands }) => commands)
  const definitions = [
    ...stages.flatMap(({ name, lines }) => (name === undefined ? [] : { what: 'build stage', name, lines })),
    ...[...globals, ...inStages].flatMap((command) =>
      command.instruction === 'ARG'
        ? command.args.map(({ key: name }) => ({ what: 'ARG', name, lines: command.lines }))
        : [],
    ),
  ]
  for (const { what, name, lines } of definitions) {
    const above = commentAbove(source, lines.first)
    if (!above || /^[a-z]+\s*=/i.test(above) || descriptionOf(source, lines.first, name) !== undefined)
      continue
    const message = `Comment for ${what} should follow the format: \`# ${name} <description>\``
    yield { rule: 'InvalidDefinitionDescription', message, lines }
  }
}
