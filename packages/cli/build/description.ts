/** `--call=targets` and `--call=outline`: what a Dockerfile offers, without building it. */
import { outlineOf, targetsOf } from '@gantry/dockerfile'
import { alignColumns } from '../format/tabwriter.ts'

/** Rows under their headings. */
const columns = (rows: readonly (readonly string[])[]): string =>
  alignColumns(rows.map((row) => `${row.join('\t')}\n`).join(''))

/** The stages that can be built; the last one is the default. */
export function targets(text: string, json: boolean): string {
  const all = targetsOf(text)
  if (json) return `${JSON.stringify({ targets: all }, null, 2)}\n`
  const rows = all.map((target) => [
    [target.name, target.default && '(default)'].filter(Boolean).join(' '),
    target.description,
  ])
  return columns([['TARGET', 'DESCRIPTION'], ...rows])
}

/** The arguments and the secrets that a target takes. Throws DockerfileProblem for a target that is not there. */
export function outline(text: string, target: string, json: boolean): string {
  const found = outlineOf(text, target)
  if (json) return `${JSON.stringify(found, null, 2)}\n`
  const { name, args, secrets } = found
  const parts = [
    `TARGET:  ${name || 'default'}\n`,
    args.length > 0 &&
      columns([
        ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
        ...args.map((arg) => [arg.name, arg.value, arg.description]),
      ]),
    secrets.length > 0 &&
      columns([
        ['SECRET', 'REQUIRED'],
        ...secrets.map((secret) => [secret.name, secret.required ? 'true' : '']),
      ]),
  ]
  return parts.filter(Boolean).join('\n')
}
