/** Rules about FROM and the names of stages. */
import { expandWord, type Variables } from '../expand.ts'
import type { Dockerfile, Stage } from '../parse.ts'
import { suggestion } from '../suggest.ts'
import type { Finding } from './rules.ts'

const reserved = new Set(['scratch', 'context'])

/** `automatic` are the names of TARGETPLATFORM and its kin. */
export function* stageRules(dockerfile: Dockerfile, automatic: readonly string[]): Generator<Finding> {
  const seen = new Set<string>()
  for (const stage of dockerfile.stages) {
    yield* names(stage, seen)
    yield* platforms(stage)
    yield* undeclared(dockerfile, stage, automatic)
    yield* defaults(dockerfile, stage, automatic)
  }
}

function* names({ name, lines }: Stage, seen: Set<string>): Generator<Finding> {
  if (name === undefined) return
  const quoted = JSON.stringify(name)
  if (reserved.has(name)) {
    const message = `Stage name should not use the same name as reserved stage ${quoted}`
    yield { rule: 'ReservedStageName', message, lines }
  }
  if (seen.has(name)) {
    const message = `Duplicate stage name ${quoted}, stage names should be unique`
    yield { rule: 'DuplicateStageName', message, lines }
  }
  seen.add(name)
}

function* platforms({ platform, name = '', lines }: Stage): Generator<Finding> {
  if (platform === undefined) return
  if (/^\$(TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) {
    const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`
    yield { rule: 'RedundantTargetPlatform', message, lines }
  }
  // A stage for each platform, chosen by its name, is no mistake.
  const isNamedForIt = platform.split('/').some((part) => part !== '' && name.includes(part.toLowerCase()))
  if (!platform.includes('$') && !isNamedForIt) {
    const message = `FROM --platform flag should not use constant value ${JSON.stringify(platform)}`
    yield { rule: 'FromPlatformFlagConstDisallowed', message, lines }
  }
}

function* undeclared(
  { globals, directives }: Dockerfile,
  { from, platform = '', lines }: Stage,
  automatic: readonly string[],
): Generator<Finding> {
  const known = [...globals.flatMap(({ args }) => args.map(({ key }) => key)), ...automatic]
  const all: Variables = { get: (name) => (known.includes(name) ? 'x' : undefined) }
  const unset = new Set([from, platform].flatMap((word) => expandWord(word, all, directives.escape).unset))
  for (const name of unset) {
    const message = `FROM argument '${name}' is not declared${suggestion(name, known, false)}`
    yield { rule: 'UndefinedArgInFrom', message, lines }
  }
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const reference = new RegExp(
  `^(?:[a-zA-Z0-9.-]+(?::\\d+)?/)?${component}(?:/${component})*(?::[\\w][\\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-fA-F]{32,})?$`,
)

/** What the name of the base is when nobody gives values. */
function* defaults(
  { globals, directives: { escape: mark } }: Dockerfile,
  { from, lines }: Stage,
  automatic: readonly string[],
): Generator<Finding> {
  if (!from.includes('$')) return
  const values = new Map(automatic.map((name): [string, string] => [name, 'x']))
  for (const { key, value } of globals.flatMap(({ args }) => args))
    if (value !== null) values.set(key, expandWord(value, values, mark).text)
  const used = expandWord(from, { get: () => 'x' }, mark)
  const base = expandWord(from, values, mark)
  const declared = new Set(globals.flatMap(({ args }) => args.map(({ key }) => key)))
  // What is not declared has a rule of its own.
  if (used.text === '' || base.unset.some((name) => !declared.has(name))) return
  if (reference.test(base.text)) return
  const message = `Default value for ARG ${from} results in empty or invalid base image name`
  yield { rule: 'InvalidDefaultArgInFrom', message, lines }
}
