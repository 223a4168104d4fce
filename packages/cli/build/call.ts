/** `--call`: what a Dockerfile offers, without building it. */
import { type Dockerfile, descriptionOf, parseDockerfile, type Stage } from '@gantry/dockerfile'
import { alignColumns } from '../format/tabwriter.ts'

export type CallName = 'build' | 'check' | 'outline' | 'targets'

const names: Record<string, CallName> = {
  build: 'build',
  check: 'check',
  lint: 'check',
  outline: 'outline',
  targets: 'targets',
}

/** Reads `check` or `check,format=json`. Throws Error for anything else. */
export function parseCall(value: string, check: boolean): { name: CallName; json: boolean } {
  const [method = 'build', ...options] = (value || (check ? 'check' : 'build')).split(',')
  const name = names[method]
  if (name === undefined) throw new Error(`invalid value ${JSON.stringify(method)} for --call`)
  if (check && name !== 'check') throw new Error('--check and --call are mutually exclusive')
  const json = options.includes('format=json')
  if (options.some((option) => !/^format=(json|text)$/.test(option)))
    throw new Error(`invalid option of --call: ${options.join(',')}`)
  return { name, json }
}

/** Rows under their headings. */
const columns = (rows: readonly (readonly string[])[]): string =>
  alignColumns(rows.map((row) => `${row.join('\t')}\n`).join(''))

/** The stages that can be built; the last one is the default. */
export function targets(text: string, json: boolean): string {
  const { stages } = parseDockerfile(text)
  const lines = text.split(/\r?\n/)
  const all = stages.flatMap(({ name, from, lines: place }, index) => {
    const isDefault = index === stages.length - 1
    if (name === undefined && !isDefault) return []
    const description = name === undefined ? '' : (descriptionOf(lines, place.first, name) ?? '')
    return [{ name: name ?? '', default: isDefault, description, base: from }]
  })
  if (json) return `${JSON.stringify({ targets: all }, null, 2)}\n`
  const rows = all.map((target) => [
    [target.name, target.default && '(default)'].filter(Boolean).join(' '),
    target.description,
  ])
  return columns([['TARGET', 'DESCRIPTION'], ...rows])
}

/** The arguments and the secrets that a target takes. Throws Error for a target that is not there. */
export function outline(text: string, target: string, json: boolean): string {
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
  const own = [...new Map(args.map((arg) => [arg.name, arg])).values()]
  const secrets = needed.flatMap((each) =>
    each.commands.flatMap((command) =>
      command.instruction === 'RUN' ? command.mounts.flatMap((mount) => secretOf(mount) ?? []) : [],
    ),
  )
  if (json) return `${JSON.stringify({ name: stage.name ?? '', args: own, secrets }, null, 2)}\n`
  const parts = [
    `TARGET:  ${stage.name ?? 'default'}\n`,
    own.length > 0 &&
      columns([
        ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
        ...own.map(({ name, value, description }) => [name, value, description]),
      ]),
    secrets.length > 0 &&
      columns([
        ['SECRET', 'REQUIRED'],
        ...secrets.map(({ name, required }) => [name, required ? 'true' : '']),
      ]),
  ]
  return parts.filter(Boolean).join('\n')
}

function stageOf({ stages }: Dockerfile, target: string): Stage {
  const stage =
    target === ''
      ? stages.at(-1)
      : (stages.findLast(({ name }) => name === target.toLowerCase()) ??
        stages[/^\d+$/.test(target) ? Number(target) : -1])
  if (!stage) throw new Error(`target stage ${JSON.stringify(target)} could not be found`)
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
