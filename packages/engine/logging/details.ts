import type { LogOptionValues } from './limits.ts'
import { invalid } from './option-values.ts'
import { type LogInfo, renderTag } from './tag.ts'

/**
 * The labels and environment variables that the log options `labels`, `labels-regex`, `env` and `env-regex` choose, by
 * names that `rename` may change. Throws InvalidParameter for a bad expression.
 */
export function extraAttributes(
  { labels, env }: Pick<LogInfo, 'labels' | 'env'>,
  options: LogOptionValues,
  rename: (name: string) => string = (name) => name,
): Record<string, string> {
  const variables = env.flatMap((line) => {
    const at = line.indexOf('=')
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
  })
  const chosen = [
    ...Object.entries(labels).filter(chooser(options.labels, options['labels-regex'])),
    ...variables.filter(chooser(options.env, options['env-regex'])),
  ]
  return Object.fromEntries(chosen.map(([name, value]) => [rename(name), value]))
}

/** What `logs --details` tells beside each line: the attributes, and the tag if one was asked for. */
export function logDetails(info: LogInfo, options: LogOptionValues): Record<string, string> {
  const tag = options.tag ? renderTag(options.tag, info) : ''
  return { ...extraAttributes(info, options), ...(tag !== '' && { tag }) }
}

function chooser(list: string | undefined, pattern: string | undefined) {
  const names = new Set((list ?? '').split(',').filter((name) => name !== ''))
  const matches = pattern ? expression(pattern) : null
  return ([name]: readonly [string, string]): boolean => names.has(name) || matches?.test(name) === true
}

/** Go's flags stand before the expression. */
function expression(pattern: string): RegExp {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? []
  try {
    return new RegExp(rest, flags)
  } catch (cause) {
    throw invalid(`error parsing regexp: ${(cause as Error).message}`, cause)
  }
}
