/** The `gelf` driver: Graylog's format over UDP (compressed, in chunks) and TCP. */
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate, gzip } from 'node:zlib'
import type { LogOptionValues } from '../limits.ts'
import { integer, invalid } from '../option-values.ts'
import { commandOf, type LogInfo } from '../tag.ts'
import { hostAndPort, transportAddress } from './address.ts'
import { UdpDatagrams } from './datagrams.ts'
import { backOff, type Destination } from './destination.ts'
import type { LogMessage } from './message.ts'
import { StreamConnection } from './stream-connection.ts'

export const gelfOptions = [
  'gelf-address',
  'gelf-compression-level',
  'gelf-compression-type',
  'gelf-tcp-max-reconnect',
  'gelf-tcp-reconnect-delay',
]

/** Graylog's own limits: bytes of a datagram, and datagrams of a message. */
const chunkBytes = 1420
const chunkHeaderBytes = 12
const mostChunks = 128
const defaultReconnects = 3

interface GelfAddress {
  scheme: 'udp' | 'tcp'
  host: string
  port: number
}

/** Throws InvalidParameter in Docker's words. */
export function checkGelf(options: LogOptionValues): void {
  const { scheme } = parseAddress(options['gelf-address'])
  for (const [name, value] of Object.entries(options)) checkOption(name, value, scheme)
}

function checkOption(name: string, value: string, scheme: 'udp' | 'tcp'): void {
  const unknown = () =>
    invalid(`unknown value ${JSON.stringify(value)} for log opt ${JSON.stringify(name)} for gelf log driver`)
  const isInteger = /^[+-]?\d+$/.test(value)
  switch (name) {
    case 'gelf-compression-level':
    case 'gelf-compression-type':
      if (scheme !== 'udp') throw invalid('compression is only supported on UDP')
      if (name.endsWith('type') && !['gzip', 'zlib', 'none'].includes(value)) throw unknown()
      if (name.endsWith('level') && !(isInteger && Number(value) >= -1 && Number(value) <= 9)) throw unknown()
      return
    case 'gelf-tcp-max-reconnect':
    case 'gelf-tcp-reconnect-delay':
      if (scheme !== 'tcp') throw invalid(`${JSON.stringify(name)} is only valid for TCP`)
      if (!isInteger || Number(value) < 0) throw invalid(`${JSON.stringify(name)} must be a positive integer`)
  }
}

function parseAddress(text = ''): GelfAddress {
  if (text === '') throw invalid('gelf-address is a required parameter')
  const address = transportAddress(text)
  if (!address) throw invalid(`gelf-address should be in form proto://address, got ${text}`)
  if (address.scheme !== 'udp' && address.scheme !== 'tcp')
    throw invalid('gelf: endpoint needs to be TCP or UDP')
  const { scheme } = address
  try {
    const { host, port } = hostAndPort(address.authority)
    if (!/^\d+$/.test(port) || Number(port) > 65535) throw invalid(`bad port ${port}`)
    return { scheme, host, port: Number(port) }
  } catch (error) {
    throw invalid('gelf: please provide gelf-address as proto://host:port', error)
  }
}

/**
 * Where a container's lines go as GELF 1.1, by UDP or TCP. Throws InvalidParameter for an address that `checkGelf`
 * refuses.
 */
export function openGelf(
  options: LogOptionValues,
  { info, tag, attributes }: { info: LogInfo; tag: string; attributes: Record<string, string> },
): Destination {
  const { scheme, host, port } = parseAddress(options['gelf-address'])
  const extra = {
    _container_id: info.id,
    _container_name: info.name,
    _image_id: info.imageId,
    _image_name: info.imageName,
    _command: commandOf(info),
    _tag: tag,
    _created: info.created,
    ...attributes,
  }
  const format = (message: LogMessage) =>
    Buffer.from(JSON.stringify(gelfMessage(message, info.hostname, extra)))
  if (scheme === 'tcp') return new TcpGelf(format, { host, port, options })
  return new UdpGelf(format, new UdpDatagrams(host, port), options)
}

/** How extra attributes are called. */
export function gelfName(name: string): string {
  return name.startsWith('_') ? name : `_${name}`
}

function gelfMessage({ stream, time, line }: LogMessage, host: string, extra: Record<string, string>) {
  return {
    version: '1.1',
    host,
    short_message: line.toString('utf8'),
    timestamp: time.seconds + Math.floor(time.nanoseconds / 1e6) / 1000,
    level: stream === 'stderr' ? 3 : 6,
    ...extra,
  }
}

type Formatter = (message: LogMessage) => Buffer

/** Graylog takes no empty message; Docker sends none. */
const says = ({ line }: LogMessage) => line.length > 0

class UdpGelf implements Destination {
  readonly maxRetries = Number.POSITIVE_INFINITY
  readonly retryDelay = backOff
  readonly #format: Formatter
  readonly #datagrams: UdpDatagrams
  readonly #pack: (bytes: Buffer) => Promise<Buffer>

  constructor(format: Formatter, datagrams: UdpDatagrams, options: LogOptionValues) {
    this.#format = format
    this.#datagrams = datagrams
    this.#pack = packer(options)
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    for (const message of messages.filter(says)) {
      signal.throwIfAborted()
      for (const datagram of chunksOf(await this.#pack(this.#format(message))))
        await this.#datagrams.send(datagram)
    }
  }

  close(): void {
    this.#datagrams.close()
  }
}

function packer(options: LogOptionValues): (bytes: Buffer) => Promise<Buffer> {
  const type = options['gelf-compression-type'] ?? 'gzip'
  if (type === 'none') return async (bytes) => bytes
  const level = integer(options['gelf-compression-level'] ?? '1')
  const pack = promisify(type === 'gzip' ? gzip : deflate) as (
    bytes: Buffer,
    options: object,
  ) => Promise<Buffer>
  return (bytes) => pack(bytes, { level })
}

/** A message in as many datagrams as it takes; what is longer than Graylog allows is cut off. */
function chunksOf(message: Buffer): Buffer[] {
  if (message.length <= chunkBytes) return [message]
  const size = chunkBytes - chunkHeaderBytes
  const count = Math.min(Math.ceil(message.length / size), mostChunks)
  const id = randomBytes(8)
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      id,
      Buffer.from([index, count]),
      message.subarray(index * size, (index + 1) * size),
    ]),
  )
}

class TcpGelf implements Destination {
  readonly maxRetries: number
  readonly #format: Formatter
  readonly #delay: number
  readonly #connection: StreamConnection

  constructor(
    format: Formatter,
    { host, port, options }: { host: string; port: number; options: LogOptionValues },
  ) {
    this.#format = format
    this.maxRetries = Number(options['gelf-tcp-max-reconnect'] ?? defaultReconnects)
    this.#delay = Number(options['gelf-tcp-reconnect-delay'] ?? 1) * 1000
    this.#connection = new StreamConnection({ host, port })
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    const end = Buffer.alloc(1)
    const bytes = Buffer.concat(messages.filter(says).flatMap((message) => [this.#format(message), end]))
    if (bytes.length > 0) await this.#connection.write(bytes, signal)
  }

  /** After as many tries as were asked for it goes on, at longer intervals. */
  retryDelay(attempt: number): number {
    return attempt <= this.maxRetries
      ? this.#delay
      : backOff(attempt - this.maxRetries, Math.max(this.#delay, 100), 30_000)
  }

  close(): void {
    this.#connection.close()
  }
}
