/** What a Dockerfile offers to who builds it: stages, and what one of them takes. */
import { descriptionOf } from './checks/descriptions.ts'
import { type Dockerfile, parseDockerfile, type Stage } from './parse.ts'
import { DockerfileProblem } from './problem.ts'

export interface OfferedTarget {
  /** Empty for the last stage, if it has none. */
  name: string
  /** What is built when no target is named. */
  default: boolean
  description: string
  /** What stands after FROM. */
  base: string
}

export interface TargetOutline {
  name: string
  args: { name: string; value: string; description: string }[]
  secrets: { name: string; required: boolean }[]
}

/** The stages that can be built by name, and the last one. Throws DockerfileProblem. */
export function targetsOf(text: string): OfferedTarget[] {
  const { stages } = parseDockerfile(text)
  const lines = text.split(/\r?\n/)
  return stages.flatMap(({ name, from, lines: place }, index) => {
    const isDefault = index === stages.length - 1
    if (name === undefined && !isDefault) return []
    const description = name === undefined ? '' : (descriptionOf(lines, place.first, name) ?? '')
    return [{ name: name ?? '', default: isDefault, description, base: from }]
  })
}

/** The arguments and the secrets that a target takes; the last stage without a name. Throws DockerfileProblem. */
export function outlineOf(text: string, target: string): TargetOutline {
  const dockerfile = parseDockerfile(text)
  const stage = stageOf(dockerfile, target)
  const lines = text.split(/\r?\n/)
  const needed = chain(dockerfile, stage)
  const commands = [...dockerfile.globals, ...needed.flatMap((each) => each.commands)]
  const args = commands.flatMap((command) =>
    command.instruction === 'ARG'
      ? command.args.map(({ key, value }) => ({
          name: key,
          value: value ?? '',
          description: descriptionOf(lines, command.lines.first, key) ?? '',
        }))
      : [],
  )
  const secrets = needed.flatMap((each) =>
    each.commands.flatMap((command) =>
      command.instruction === 'RUN' ? command.mounts.flatMap((mount) => secretOf(mount) ?? []) : [],
    ),
  )
  return {
    name: stage.name ?? '',
    args: [...new Map(args.map((arg) => [arg.name, arg])).values()],
    secrets,
  }
}

function stageOf({ stages }: Dockerfile, target: string): Stage {
  const stage =
    target === ''
      ? stages.at(-1)
      : (stages.findLast(({ name }) => name === target.toLowerCase()) ??
        stages[/^\d+$/.test(target) ? Number(target) : -1])
  if (!stage) throw new DockerfileProblem(`target stage ${JSON.stringify(target)} could not be found`)
  return stage
}

/** The stage, and those that it is based on. */
function chain({ stages }: Dockerfile, stage: Stage): Stage[] {
  const base = stages
    .slice(0, stages.indexOf(stage))
    .findLast(({ name }) => name === stage.from.toLowerCase())
  return base ? [...chain({ stages } as Dockerfile, base), stage] : [stage]
}

function secretOf(mount: string): { name: string; required: boolean } | null {
  const fields = new Map(
    mount.split(',').map((field): [string, string] => {
      const [key = '', value = 'true'] = field.split('=', 2)
      return [key, value]
    }),
  )
  if (fields.get('type') !== 'secret') return null
  const name = fields.get('id') ?? fields.get('src') ?? fields.get('source') ?? fields.get('target') ?? ''
  return { name, required: fields.get('required') === 'true' }
}
