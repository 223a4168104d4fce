/** Addresses of destinations, read as Go's url and net packages read them. */
import { invalid } from '../option-values.ts'

export interface TransportAddress {
  scheme: string
  /** With its port, as written. */
  authority: string
  path: string
}

/** Null when it is no address of a transport (`tcp://`, `udp://`, `unix://`, …). */
export function transportAddress(text: string): TransportAddress | null {
  const match = /^(tcp|tcp\+tls|udp|unix|unixgram):\/\/([^/?#]*)([^?#]*)/.exec(text)
  return match && { scheme: match[1] ?? '', authority: match[2] ?? '', path: match[3] ?? '' }
}

/** `host:port`, `[::1]:port`. Throws InvalidParameter. */
export function hostAndPort(text: string): { host: string; port: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  if (bracketed && bracketed[2] !== undefined) return { host: bracketed[1] ?? '', port: bracketed[2] }
  const colons = text.split(':').length - 1
  if (bracketed || colons === 0) throw invalid(`address ${text}: missing port in address`)
  if (colons > 1) throw invalid(`address ${text}: too many colons in address`)
  const [host = '', port = ''] = text.split(':')
  return { host, port }
}
