/** The generated part of docs/compatibility.md: each endpoint and each of its fields with the test that uses it. */
import type { Observation } from './observation.ts'
import { reasonFor } from './reasons.ts'
import { type Endpoint, fieldPattern, pathPattern } from './reference.ts'

export interface Row {
  /** What is told of: `query all`, `body HostConfig.Memory`, `answer Id`, or the endpoint itself. */
  what: string
  /** The test; null when no test uses it. */
  test: string | null
}

export interface EndpointReport {
  endpoint: Endpoint
  rows: Row[]
}

/** The observations that went to each endpoint. The most literal path takes them: `/containers/json` before `{id}`. */
function assign(endpoints: Endpoint[], observations: Observation[]): Map<Endpoint, Observation[]> {
  const assigned = new Map(endpoints.map((endpoint): [Endpoint, Observation[]] => [endpoint, []]))
  const candidates = endpoints
    .map((endpoint) => ({ endpoint, pattern: pathPattern(endpoint) }))
    .sort((a, b) => a.endpoint.path.split('{').length - b.endpoint.path.split('{').length)
  for (const observation of observations) {
    if (observation.test === '') continue
    const match = candidates.find(
      ({ endpoint, pattern }) => endpoint.method === observation.method && pattern.test(observation.path),
    )
    if (match) assigned.get(match.endpoint)?.push(observation)
  }
  return assigned
}

/** Some fields are there to be refused; what an answer holds counts only where it is no error. */
const statusLimits = { query: 500, body: 500, answer: 400 }

/** Of those that use the field, the test that says the least besides: it is most likely about that field. */
function mostSpecific(
  observations: Observation[],
  part: 'query' | 'body' | 'answer',
  pattern: RegExp,
): string | null {
  const using = observations.filter(
    (observation) =>
      observation.status < statusLimits[part] && observation[part].some((field) => pattern.test(field)),
  )
  const [best] = using.sort(
    (a, b) => refusal(a) - refusal(b) || weight(a) - weight(b) || a.test.localeCompare(b.test),
  )
  return best?.test ?? null
}

const refusal = ({ status }: Observation): number => Number(status >= 400)
const weight = ({ query, body }: Observation): number => query.length + body.length

/** What the tests use of each endpoint. */
export function report(endpoints: Endpoint[], observations: Observation[]): EndpointReport[] {
  const assigned = assign(endpoints, observations)
  return endpoints.map((endpoint) => {
    const own = assigned.get(endpoint) ?? []
    const served = own.filter(({ status }) => status < 500)
    const [first] = served.sort((a, b) => weight(a) - weight(b) || a.test.localeCompare(b.test))
    const rows: Row[] = [{ what: `${endpoint.method} ${endpoint.path}`, test: first?.test ?? null }]
    for (const name of endpoint.query)
      rows.push({ what: `query ${name}`, test: mostSpecific(own, 'query', fieldPattern(name)) })
    for (const part of ['body', 'answer'] as const)
      for (const field of endpoint[part])
        rows.push({ what: `${part} ${field}`, test: mostSpecific(own, part, fieldPattern(field)) })
    return { endpoint, rows }
  })
}

/** Markdown: one section for each tag of the API, one table for each endpoint. */
export function render(reports: EndpointReport[]): string {
  const tags = [...new Set(reports.map(({ endpoint }) => endpoint.tag))]
  return tags
    .flatMap((tag) => [
      `### ${tag}`,
      ...reports.filter(({ endpoint }) => endpoint.tag === tag).map(renderEndpoint),
    ])
    .join('\n\n')
}

function missing(endpoint: string, what: string): string {
  const reason = reasonFor(endpoint, what)
  return reason ? `*none: ${reason}*` : '**none**'
}

function renderEndpoint({ endpoint, rows }: EndpointReport): string {
  const [head, ...fields] = rows
  const name = `${endpoint.method} ${endpoint.path}`
  const title = `#### \`${name}\``
  if (!head?.test) return `${title}\n\nNo test.`
  const lines = fields.map(({ what, test }) => `| \`${what}\` | ${test ?? missing(name, what)} |`)
  const table = lines.length > 0 ? `\n\n| field | test |\n| --- | --- |\n${lines.join('\n')}` : ''
  return `${title}\n\n${head.test}${table}`
}
