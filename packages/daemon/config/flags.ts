import { GantryError } from '@gantry/errors'
import type { AddressPool, OptionValues, RuntimeOption, UlimitOption } from './option-values.ts'
import { type OptionSpec, optionSpecs } from './options.ts'

const specs: readonly OptionSpec[] = optionSpecs
const trueWords = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const falseWords = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

/** Reads the command line. Throws InvalidParameter in the words of dockerd. */
export function parseFlags(args: readonly string[]): OptionValues {
  const values: Record<string, unknown> = {}
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('-') || arg === '-')
      throw invalid(`"gantryd" accepts no arguments, and got ${JSON.stringify(arg)}`)
    const { spec, name, inline } = arg.startsWith('--') ? longFlag(arg) : shortFlag(arg)
    const text = inline ?? (spec.type === 'boolean' ? 'true' : rest.shift())
    if (text === undefined) throw invalid(`flag needs an argument: ${name}`)
    values[spec.key] = addFlag(spec, name, text, values[spec.key])
  }
  return values as OptionValues
}

interface FoundFlag {
  spec: OptionSpec
  name: string
  inline?: string
}

function longFlag(arg: string): FoundFlag {
  const [name = '', ...value] = arg.slice(2).split('=')
  const spec = specs.find(
    ({ key, flag, alias, fileOnly }) => !fileOnly && (name === (flag ?? key) || name === alias),
  )
  if (!spec) throw invalid(`unknown flag: --${name}`)
  return { spec, name: `--${name}`, inline: value.length > 0 ? value.join('=') : undefined }
}

function shortFlag(arg: string): FoundFlag {
  const letter = arg[1] ?? ''
  const spec = specs.find(({ short }) => short === letter)
  if (!spec) throw invalid(`unknown shorthand flag: '${letter}' in ${arg}`)
  const inline = arg.length > 2 ? arg.slice(2).replace(/^=/, '') : undefined
  return { spec, name: `-${letter}`, inline }
}

/** The option's value with one more flag of it read. */
function addFlag(spec: OptionSpec, name: string, text: string, earlier: unknown): unknown {
  switch (spec.type) {
    case 'string':
      return text
    case 'boolean':
      if (trueWords.has(text)) return true
      if (falseWords.has(text)) return false
      throw badValue(name, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
    case 'integer':
      if (/^-?\d+$/.test(text)) return Number(text)
      throw badValue(name, text, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
    case 'list':
      return [...((earlier as string[] | undefined) ?? []), text]
    case 'pools':
      return [...((earlier as AddressPool[] | undefined) ?? []), parsePool(name, text)]
    case 'runtimes':
      return { ...(earlier as Record<string, RuntimeOption> | undefined), ...parseRuntime(name, text) }
    case 'pairs':
    case 'policy':
      return { ...(earlier as Record<string, string> | undefined), ...parsePair(name, text) }
    case 'lists':
      return withPair((earlier as Record<string, string[]> | undefined) ?? {}, parsePair(name, text))
    case 'builder':
      throw badValue(name, text, 'only known in the configuration file')
    case 'ulimits':
      return { ...(earlier as Record<string, UlimitOption> | undefined), ...parseUlimit(name, text) }
  }
}

function parsePool(name: string, text: string): AddressPool {
  const fields = Object.fromEntries(text.split(',').map((part) => part.split('=', 2)))
  if (typeof fields.base !== 'string' || !/^\d+$/.test(fields.size ?? ''))
    throw badValue(name, text, 'expected base=<CIDR>,size=<prefix length>')
  return { base: fields.base, size: Number(fields.size) }
}

function parseRuntime(name: string, text: string): Record<string, RuntimeOption> {
  const [runtime = '', ...path] = text.split('=')
  if (runtime === '' || path.length === 0) throw badValue(name, text, `invalid runtime argument: ${text}`)
  return { [runtime]: { path: path.join('=') } }
}

function parsePair(name: string, text: string): Record<string, string> {
  const [key = '', ...value] = text.split('=')
  if (key === '' || value.length === 0) throw badValue(name, text, 'expected key=value')
  return { [key]: value.join('=') }
}

function withPair(lists: Record<string, string[]>, pair: Record<string, string>): Record<string, string[]> {
  const added = Object.entries(pair).map(([key, value]) => [key, [...(lists[key] ?? []), value]])
  return { ...lists, ...Object.fromEntries(added) }
}

/** `nofile=1024:2048`; one number is both. */
function parseUlimit(flag: string, text: string): Record<string, UlimitOption> {
  const [, name = '', soft, hard] = /^([^=]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (soft === undefined) throw badValue(flag, text, `invalid ulimit argument: ${text}`)
  return { [name]: { Name: name, Soft: Number(soft), Hard: Number(hard ?? soft) } }
}

function badValue(name: string, text: string, why: string): GantryError {
  return invalid(`invalid argument ${JSON.stringify(text)} for ${JSON.stringify(name)} flag: ${why}`)
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
