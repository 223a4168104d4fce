/** The `syslog` driver: RFC 3164 and RFC 5424 messages over UDP, TCP, TLS and unix sockets. */
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { GantryError, messageOf } from '@gantry/errors'
import { timestampOf } from '@gantry/runtime'
import type { LogOptionValues } from '../limits.ts'
import { invalid } from '../option-values.ts'
import { hostAndPort, transportAddress } from './address.ts'
import { type Datagrams, UdpDatagrams, UnixDatagrams } from './datagrams.ts'
import { backOff, type Destination } from './destination.ts'
import type { LogMessage } from './message.ts'
import { StreamConnection, type StreamTarget } from './stream-connection.ts'

export const syslogOptions = [
  'syslog-address',
  'syslog-facility',
  'syslog-tls-ca-cert',
  'syslog-tls-cert',
  'syslog-tls-key',
  'syslog-tls-skip-verify',
  'syslog-format',
]

const facilities = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['', '', '', ''],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
]

const severities = { stdout: 6, stderr: 3 }
const formats = ['', 'rfc3164', 'rfc5424', 'rfc5424micro']
/** Where a host's own syslog listens. */
const localPaths = ['/dev/log', '/var/run/syslog', '/var/run/log']

type SyslogAddress =
  | { kind: 'local' }
  | { kind: 'unix' | 'unixgram'; path: string }
  | { kind: 'udp' | 'tcp' | 'tcp+tls'; host: string; port: number }

/** Throws InvalidParameter in Docker's words. */
export function checkSyslog(options: LogOptionValues): void {
  const address = parseAddress(options['syslog-address'])
  if ('path' in address && !statSync(address.path, { throwIfNoEntry: false }))
    throw invalid(`stat ${address.path}: no such file or directory`)
  parseFacility(options['syslog-facility'])
  if (!formats.includes(options['syslog-format'] ?? '')) throw invalid('Invalid syslog format')
}

/** Throws what makes a start pointless: no syslog on this host, certificates that cannot be read. */
export function prepareSyslog(options: LogOptionValues): void {
  const address = parseAddress(options['syslog-address'])
  if (address.kind === 'local') localSocket()
  if (address.kind === 'tcp+tls') tlsOptions(options, address.host)
}

function parseAddress(text = ''): SyslogAddress {
  if (text === '') return { kind: 'local' }
  const address = transportAddress(text)
  if (!address) throw invalid(`syslog-address should be in form proto://address, got ${text}`)
  const kind = address.scheme as 'unix' | 'unixgram' | 'udp' | 'tcp' | 'tcp+tls'
  if (kind === 'unix' || kind === 'unixgram') return { kind, path: address.path }
  const { host, port } = withDefaultPort(address.authority)
  return { kind, host, port }
}

function withDefaultPort(authority: string): { host: string; port: number } {
  const hasPort = /:[^:\]]*$/.test(authority) && !/^[^[]*:[^[]*:/.test(authority)
  const { host, port } = hostAndPort(hasPort ? authority : `${authority}:514`)
  const number = Number(port)
  if (!(Number.isInteger(number) && number > 0 && number < 65536))
    throw invalid(`parse ${JSON.stringify(authority)}: invalid port ${JSON.stringify(`:${port}`)} after host`)
  return { host, port: number }
}

function parseFacility(text = ''): number {
  if (text === '') return facilities.indexOf('daemon')
  const named = facilities.indexOf(text)
  if (named >= 0) return named
  if (/^\d+$/.test(text) && Number(text) <= 23) return Number(text)
  throw invalid('invalid syslog facility')
}

function localSocket(): string {
  const path = localPaths.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isSocket())
  if (path) return path
  throw new GantryError('Unavailable', 'Unix syslog delivery error')
}

function tlsOptions(options: LogOptionValues, host: string): ConnectionOptions {
  const { 'syslog-tls-ca-cert': ca, 'syslog-tls-cert': cert, 'syslog-tls-key': key } = options
  const read = (path: string, what: string) => {
    try {
      return readFileSync(path)
    } catch (error) {
      const reason = messageOf(error).includes('ENOENT')
        ? `open ${path}: no such file or directory`
        : messageOf(error)
      throw invalid(`could not read ${what} ${JSON.stringify(path)}: ${reason}`, error)
    }
  }
  return {
    ...(ca && { ca: read(ca, 'CA certificate') }),
    ...(cert && key && { cert: read(cert, 'client certificate'), key: read(key, 'client key') }),
    ...(isIP(host) === 0 && { servername: host }),
    // As with Docker, that the option is there is enough.
    rejectUnauthorized: options['syslog-tls-skip-verify'] === undefined,
    minVersion: 'TLSv1.2',
  }
}

/**
 * Where a container's lines go as syslog messages: RFC 3164, or 5424 if the format says so; by TLS the latter with
 * their length in front (RFC 5425). Throws InvalidParameter for an address or facility that there is not.
 */
export function openSyslog(
  options: LogOptionValues,
  { tag, hostname }: { tag: string; hostname: string },
): Destination {
  const address = parseAddress(options['syslog-address'])
  const format = formatter(options['syslog-format'] ?? '', {
    facility: parseFacility(options['syslog-facility']),
    tag,
    hostname,
  })
  if (address.kind === 'udp') return new DatagramSyslog(format, new UdpDatagrams(address.host, address.port))
  if (address.kind === 'unixgram') return new DatagramSyslog(format, new UnixDatagrams(address.path))
  if (address.kind === 'local') return new LocalSyslog(format)
  const counted = address.kind === 'tcp+tls' && (options['syslog-format'] ?? '').startsWith('rfc5424')
  return new StreamSyslog(counted ? countOctets(format) : format, streamTarget(address, options))
}

function streamTarget(
  address: Exclude<SyslogAddress, { kind: 'local' }>,
  options: LogOptionValues,
): () => StreamTarget {
  if ('path' in address) return () => ({ path: address.path })
  const { host, port, kind } = address
  return () => ({ host, port, ...(kind === 'tcp+tls' && { tls: tlsOptions(options, host) }) })
}

type Formatter = (message: LogMessage) => Buffer

const newline = Buffer.from('\n')

/** Each message ends with a newline, which is what separates them in a stream. */
function formatter(
  format: string,
  { facility, tag, hostname }: { facility: number; tag: string; hostname: string },
): Formatter {
  const heads: Record<string, (time: LogMessage['time']) => string> = {
    '': (time) => `${stamp(time)} ${tag}[${process.pid}]: `,
    rfc3164: (time) => `${stamp(time)} ${hostname} ${tag}[${process.pid}]: `,
    rfc5424: (time) => `1 ${timestampOf(time).slice(0, 19)}Z ${hostname} ${tag} ${process.pid} ${tag} - `,
    rfc5424micro: (time) =>
      `1 ${timestampOf(time).slice(0, 26)}Z ${hostname} ${tag} ${process.pid} ${tag} - `,
  }
  const head = heads[format] as (time: LogMessage['time']) => string
  return ({ stream, time, line }) => {
    const priority = facility * 8 + severities[stream]
    return Buffer.concat([Buffer.from(`<${priority}>${head(time)}`), line, newline])
  }
}

/** The framing of RFC 5425. */
function countOctets(format: Formatter): Formatter {
  return (message) => {
    const bytes = format(message)
    return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Jan  2 15:04:05`, in the host's time. */
function stamp({ seconds }: LogMessage['time']): string {
  const time = new Date(seconds * 1000)
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) =>
    String(part).padStart(2, '0'),
  )
  return `${months[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock.join(':')}`
}

class DatagramSyslog implements Destination {
  readonly maxRetries = Number.POSITIVE_INFINITY
  readonly retryDelay = backOff
  readonly #format: Formatter
  readonly #datagrams: Datagrams

  constructor(format: Formatter, datagrams: Datagrams) {
    this.#format = format
    this.#datagrams = datagrams
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    for (const message of messages) {
      signal.throwIfAborted()
      await this.#datagrams.send(this.#format(message), signal)
    }
  }

  close(): void {
    this.#datagrams.close()
  }
}

class StreamSyslog implements Destination {
  readonly maxRetries = Number.POSITIVE_INFINITY
  readonly retryDelay = backOff
  readonly #format: Formatter
  readonly #target: () => StreamTarget
  #connection: StreamConnection | null = null

  constructor(format: Formatter, target: () => StreamTarget) {
    this.#format = format
    this.#target = target
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    this.#connection ??= new StreamConnection(this.#target())
    await this.#connection.write(Buffer.concat(messages.map(this.#format)), signal)
  }

  close(): void {
    this.#connection?.close()
  }
}

/** The host's own: it may listen for datagrams or for a stream, and may be another one when it is back. */
class LocalSyslog implements Destination {
  readonly maxRetries = Number.POSITIVE_INFINITY
  readonly retryDelay = backOff
  readonly #format: Formatter
  #open: Destination | null = null

  constructor(format: Formatter) {
    this.#format = format
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    const path = localSocket()
    this.#open ??= new DatagramSyslog(this.#format, new UnixDatagrams(path))
    try {
      await this.#open.send(messages, signal)
    } catch (error) {
      this.close()
      if ((error as NodeJS.ErrnoException).code !== 'EPROTOTYPE') throw error
      this.#open = new StreamSyslog(this.#format, () => ({ path }))
      await this.#open.send(messages, signal)
    }
  }

  close(): void {
    this.#open?.close()
    this.#open = null
  }
}
