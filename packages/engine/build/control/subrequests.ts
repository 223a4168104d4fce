/** What clients of BuildKit ask about a Dockerfile in the place of a build (`docker buildx build --call`). */
import type { BuildEvent } from '@gantry/build'
import { outlineOf, ruleDescription, rulePage, targetsOf } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'

export type BuildWarning = Extract<BuildEvent, { type: 'warning' }>

/** What is asked, and of what. */
export interface Subrequest {
  /** `frontend.outline`, `frontend.targets`, `frontend.lint`, `frontend.subrequests.describe` */
  id: string
  target: string
  /** The Dockerfile as it is named in messages, and its text. */
  filename: string
  text: string
  /** What the build checks have found. */
  warnings: readonly BuildWarning[]
}

const version = '1.0.0'

const kinds: Record<string, { description: string; answer: (asked: Subrequest) => object }> = {
  'frontend.outline': {
    description: 'List all parameters current build target supports',
    answer: ({ text, target }) => outlineOf(text, target),
  },
  'frontend.targets': {
    description: 'List all targets current build supports',
    answer: ({ text, filename }) => ({ targets: targetsOf(text), sources: [source(filename, text).data] }),
  },
  'frontend.lint': { description: 'Lint a Dockerfile', answer: lint },
  'frontend.subrequests.describe': {
    description: 'List available subrequest types',
    answer: () =>
      Object.entries(kinds).map(([name, { description }]) => ({
        name,
        version,
        type: 'rpc',
        description,
        metadata: ['result.json', 'result.txt'].map((field) => ({ name: field })),
      })),
  },
}

/** The answer's metadata. Throws NotImplemented for a question that is not known, DockerfileProblem. */
export function answerSubrequest(asked: Subrequest): ReadonlyMap<string, Buffer> {
  checkSubrequest(asked.id)
  const text = JSON.stringify(kinds[asked.id]?.answer(asked), null, 2)
  const fields = {
    'result.json': text,
    'result.txt': `${text}\n`,
    version,
    ...(asked.id === 'frontend.lint' && { 'result.statuscode': asked.warnings.length > 0 ? '1' : '0' }),
  }
  return new Map(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value)]))
}

/** Throws NotImplemented for a question that is not known. */
export function checkSubrequest(id: string): void {
  if (!Object.hasOwn(kinds, id)) throw new GantryError('NotImplemented', `unsupported request ${id}`)
}

function lint({ warnings, filename, text }: Subrequest): object {
  return {
    warnings: warnings.map(({ rule, message, lines }) => ({
      ruleName: rule,
      description: ruleDescription(rule) ?? '',
      url: rulePage(rule) ?? '',
      detail: message,
      location: { ranges: [{ start: { line: lines.first }, end: { line: lines.last } }] },
    })),
    sources: [source(filename, text)],
  }
}

const source = (filename: string, text: string) => ({
  filename,
  language: 'Dockerfile',
  data: Buffer.from(text).toString('base64'),
})
