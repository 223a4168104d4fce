/** `# check=skip=A,B;error=true`, or the build argument BUILDKIT_DOCKERFILE_CHECK. */
import { DockerfileProblem } from '../problem.ts'
import { experimentalRules } from './rules.ts'

export interface CheckSettings {
  /** Whether a finding fails the build. */
  error: boolean
  /** Whether a rule is to be looked at. */
  runs(rule: string): boolean
}

/** Throws DockerfileProblem for what is no setting. */
export function parseCheckSettings(text = ''): CheckSettings {
  let error = false
  let skipped: readonly string[] = []
  let wanted: readonly string[] = []
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const [, name = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? []
    const names = value.split(',').map((each) => each.trim())
    if (name === 'skip') skipped = names
    else if (name === 'experimental') wanted = names
    else if (name === 'error') error = flag(value)
    else throw new DockerfileProblem(`invalid check option ${JSON.stringify(part.trim())}`)
  }
  const has = (names: readonly string[], rule: string): boolean =>
    names.some((name) => name === 'all' || name.toLowerCase() === rule.toLowerCase())
  return {
    error,
    runs: (rule) => !has(skipped, rule) && (!experimentalRules.has(rule) || has(wanted, rule)),
  }
}

function flag(value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new DockerfileProblem(
    `failed to parse check option "error=${value}": strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  )
}
