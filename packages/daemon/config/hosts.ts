import { isIPv6 } from 'node:net'
import { GantryError } from '@gantry/errors'

/** Where the daemon listens. */
export type Host =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  /** Sockets that systemd opened: all of them, or the one of that name or descriptor. */
  | { kind: 'fd'; name: string }

const plainPort = 2375
const tlsPort = 2376

/** Reads one `--host`. Throws InvalidParameter. */
export function parseHost(text: string, tls: boolean): Host {
  const trimmed = text.trim()
  const [scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(trimmed)?.slice(1) ?? ['tcp', trimmed]
  switch (scheme) {
    case 'unix':
      if (!rest?.startsWith('/')) throw malformed(text)
      return { kind: 'unix', path: rest }
    case 'fd':
      return { kind: 'fd', name: rest ?? '' }
    case 'tcp':
      return parseTcp(text, rest ?? '', tls)
    default:
      throw malformed(text)
  }
}

function parseTcp(text: string, address: string, tls: boolean): Host {
  const fallback = tls ? tlsPort : plainPort
  const match = /^(\[[^\]]*\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(address)
  const host = match?.[1]?.replace(/^\[|\]$/g, '') ?? ''
  const port = match?.[2] === undefined ? fallback : Number(match[2])
  if (!match || port > 65535 || (match[1]?.startsWith('[') && !isIPv6(host))) throw malformed(text)
  return { kind: 'tcp', host: host === '' ? '127.0.0.1' : host, port }
}

function malformed(text: string): GantryError {
  return new GantryError('InvalidParameter', `invalid bind address format: ${text}`)
}
