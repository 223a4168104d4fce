/** What `gantryd --help` prints. */
import { type OptionSpec, optionSpecs } from './options.ts'

/** The text of `--help`. */
export function helpText(): string {
  const flags = (optionSpecs as readonly OptionSpec[]).filter((spec) => !spec.fileOnly)
  const lines = flags.map((spec) => {
    const short = spec.short ? `-${spec.short}, ` : '    '
    const kind =
      spec.type === 'boolean'
        ? ''
        : ` ${spec.type === 'integer' ? 'int' : spec.type === 'string' ? 'string' : 'list'}`
    const left = `  ${short}--${spec.flag ?? spec.key}${kind}`
    const fallback = spec.default
      ? ` (default ${spec.type === 'string' ? JSON.stringify(spec.default) : spec.default})`
      : ''
    return `${left.padEnd(36)} ${spec.help}${fallback}\n`
  })
  return `\nUsage:  gantryd [OPTIONS]\n\nThe daemon of Gantry: the Engine API and the engine behind it.\n\nOptions:\n${lines.join('')}`
}
