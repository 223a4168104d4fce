import { GantryError } from '@gantry/errors'

/**
 * One element of HostConfig.SecurityOpt: `key=value`, in older clients `key:value`; `no-new-privileges` may stand alone.
 * Throws InvalidParameter for what is neither.
 */
export function parseSecurityOption(option: string): { key: string; value: string } {
  if (option === 'no-new-privileges') return { key: option, value: 'true' }
  const separator = option.includes('=') ? '=' : ':'
  const at = option.indexOf(separator)
  if (at < 0) {
    throw new GantryError('InvalidParameter', `invalid --security-opt 1: ${JSON.stringify(option)}`)
  }
  return { key: option.slice(0, at), value: option.slice(at + 1) }
}

/** The words that Go takes for true and false; null for any other. */
export function parseBoolean(text: string): boolean | null {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : null
}
