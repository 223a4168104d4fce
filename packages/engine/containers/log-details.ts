import type { ContainerConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'

/**
 * What `logs --details` tells beside each line: the labels and environment variables that the log options `labels`,
 * `labels-regex`, `env` and `env-regex` choose, and the `tag`. Throws InvalidParameter for a bad expression.
 */
export function logDetails(
  { Labels, Env }: Pick<ContainerConfig, 'Labels' | 'Env'>,
  options: Record<string, string>,
): Record<string, string> {
  const variables = (Env ?? []).map((line) => {
    const [name = '', ...value] = line.split('=')
    return [name, value.join('=')] as const
  })
  return Object.fromEntries([
    ...Object.entries(Labels ?? {}).filter(chosen(options.labels, options['labels-regex'])),
    ...variables.filter(chosen(options.env, options['env-regex'])),
    ...(options.tag ? [['tag', options.tag] as const] : []),
  ])
}

function chosen(list: string | undefined, pattern: string | undefined) {
  const names = new Set((list ?? '').split(',').filter((name) => name !== ''))
  const matches = pattern ? expression(pattern) : null
  return ([name]: readonly [string, string]): boolean => names.has(name) || matches?.test(name) === true
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (cause) {
    throw new GantryError('InvalidParameter', `bad expression in the log options: ${pattern}`, { cause })
  }
}
