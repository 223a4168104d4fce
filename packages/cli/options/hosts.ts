/** `--add-host`, `--dns`, `--dns-search`. */
import { ipVersion } from './ip-version.ts'

/** `name:address` from `name:address` or `name=address`. Throws RangeError with Docker's words. */
export function parseExtraHost(text: string): string {
  const separator = text.includes('=') ? '=' : ':'
  const index = text.indexOf(separator)
  const name = text.slice(0, Math.max(index, 0))
  const address = text.slice(index + 1)
  if (index < 0 || name === '') throw new RangeError(`bad format for add-host: ${JSON.stringify(text)}`)
  if (address === 'host-gateway') return `${name}:${address}`
  const bare = /^\[(.*)\]$/.exec(address)?.[1] ?? address
  if (!isAddress(bare)) throw new RangeError(`invalid IP address in add-host: ${JSON.stringify(address)}`)
  return `${name}:${bare}`
}

/** The address of a name server. */
export function checkAddress(text: string): void {
  if (!isAddress(text.trim())) throw new RangeError(`IP address is not correctly formatted: ${text}`)
}

/** The domain of `--dns-search`, without blanks around; `.` stands for none. */
export function parseSearchDomain(text: string): string {
  const domain = text.trim()
  if (domain === '.') return domain
  const label = '[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?'
  const valid =
    /[a-zA-Z]/.test(domain) && new RegExp(`^${label}(\\.${label})*\\.?$`).test(domain) && domain.length < 255
  if (!valid) throw new RangeError(`${domain} is not a valid domain`)
  return domain
}

function isAddress(text: string): boolean {
  return ipVersion(text) !== 0 && !text.includes('%')
}
