/** The `tag` option: a Go template over what is known of the container. */
import { invalid } from './option-values.ts'

/** What is told of a container to whoever gets its lines. */
export interface LogInfo {
  id: string
  name: string
  imageId: string
  imageName: string
  /** RFC 3339. */
  created: string
  entrypoint: string
  args: readonly string[]
  env: readonly string[]
  labels: Readonly<Record<string, string>>
  logPath: string
  hostname: string
}

type Value = string | number | readonly string[] | Readonly<Record<string, string>>

const fields: Record<string, (info: LogInfo) => Value> = {
  ID: ({ id }) => id.slice(0, 12),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.slice(0, 12),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  // What tags of Docker's are sorted by.
  DaemonName: () => 'docker',
  Command: (info) => commandOf(info),
  Hostname: ({ hostname }) => hostname,
  ContainerID: ({ id }) => id,
  ContainerName: ({ name }) => `/${name}`,
  ContainerImageID: ({ imageId }) => imageId,
  ContainerImageName: ({ imageName }) => imageName,
  ContainerCreated: ({ created }) => created,
  ContainerEntrypoint: ({ entrypoint }) => entrypoint,
  ContainerArgs: ({ args }) => args,
  ContainerEnv: ({ env }) => env,
  ContainerLabels: ({ labels }) => labels,
  LogPath: ({ logPath }) => logPath,
}

const functions: Record<string, (...args: Value[]) => Value> = {
  json: (value = '') => JSON.stringify(value),
  lower: (text = '') => String(text).toLowerCase(),
  upper: (text = '') => String(text).toUpperCase(),
  title: (text = '') => String(text).replace(/\b\w/g, (letter) => letter.toUpperCase()),
  split: (text = '', separator = '') => String(text).split(String(separator)),
  join: (list = [], separator = '') => (Array.isArray(list) ? list.join(String(separator)) : String(list)),
  truncate: (text = '', length = 0) => String(text).slice(0, Number(length)),
  pad: (text = '', before = 0, after = 0) =>
    text === '' ? '' : ' '.repeat(Number(before)) + text + ' '.repeat(Number(after)),
  index: (of = [], key = 0) => (of as Record<string | number, string>)[String(key)] ?? '',
  print: (...values) => values.map(printed).join(''),
}

/** The command as `ps` would show it. */
export function commandOf({ entrypoint, args }: LogInfo): string {
  return [entrypoint, ...args].join(' ')
}

/** Throws InvalidParameter, in the words of Go's templates, for a template that cannot be read or evaluated. */
export function renderTag(template: string, info: LogInfo): string {
  let result = ''
  let rest = template
  for (let open = rest.indexOf('{{'); open >= 0; open = rest.indexOf('{{')) {
    const close = rest.indexOf('}}', open)
    if (close < 0) throw invalid('template: log-tag:1: unclosed action')
    result += rest.slice(0, open) + printed(evaluate(rest.slice(open + 2, close), info))
    rest = rest.slice(close + 2)
  }
  return result + rest
}

/** `.Name`, `upper .Name`, `.Name | upper | truncate 3`. */
function evaluate(action: string, info: LogInfo): Value {
  const stages = tokensOf(action).reduce<string[][]>(
    (list, token) => {
      if (token === '|') list.push([])
      else list.at(-1)?.push(token)
      return list
    },
    [[]],
  )
  let piped: Value[] = []
  for (const [first, ...others] of stages) {
    if (first === undefined) throw invalid('template: log-tag:1: missing value for command')
    const call = functions[first]
    const args = (call ? others : [first, ...others]).map((token) => operand(token, info))
    if (!call && args.length + piped.length > 1)
      throw invalid(
        `template: log-tag:1: executing "log-tag" at <${first}>: can't give argument to non-function ${first}`,
      )
    piped = [call ? call(...args, ...piped) : (args[0] as Value)]
  }
  return piped[0] ?? ''
}

function tokensOf(action: string): string[] {
  const trimmed = action.replace(/^-\s|\s-$/g, ' ').trim()
  const tokens = trimmed.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|\||[^\s|"`]+/g)
  if (!tokens) throw invalid('template: log-tag:1: missing value for command')
  return tokens
}

function operand(token: string, info: LogInfo): Value {
  if (token.startsWith('"')) return JSON.parse(token) as string
  if (token.startsWith('`')) return token.slice(1, -1)
  if (/^-?\d+$/.test(token)) return Number(token)
  const name = token.slice(1)
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (token.startsWith('.') && field) return field(info)
  if (/^\.\w+$/.test(token)) {
    const place = `template: log-tag:1:2: executing "log-tag" at <${token}>`
    throw invalid(`${place}: can't evaluate field ${name} in type *logger.Info`)
  }
  if (/^\w+$/.test(token)) throw invalid(`template: log-tag:1: function ${JSON.stringify(token)} not defined`)
  throw invalid(`template: log-tag:1: unexpected ${JSON.stringify(token)} in operand`)
}

/** As Go prints it. */
function printed(value: Value): string {
  if (Array.isArray(value)) return `[${value.join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${pairs.map((pair) => pair.join(':')).join(' ')}]`
}
