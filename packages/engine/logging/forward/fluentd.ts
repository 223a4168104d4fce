/** The `fluentd` driver: the forward protocol over TCP, TLS and unix sockets, with acknowledgements when asked for. */
import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { milliseconds } from '../../limits/duration.ts'
import type { LogOptionValues } from '../limits.ts'
import { boolean, invalid, memorySize, saying, unsignedInteger } from '../option-values.ts'
import type { LogInfo } from '../tag.ts'
import type { Destination } from './destination.ts'
import type { LogMessage } from './message.ts'
import { type Packable, pack, unpackStrings } from './msgpack.ts'
import { StreamConnection, type StreamTarget } from './stream-connection.ts'

export const fluentdOptions = [
  'fluentd-address',
  'fluentd-async',
  'fluentd-async-connect',
  'fluentd-async-reconnect-interval',
  'fluentd-buffer-limit',
  'fluentd-max-retries',
  'fluentd-request-ack',
  'fluentd-retry-wait',
  'fluentd-sub-second-precision',
  'fluentd-write-timeout',
]

const defaultHost = '127.0.0.1'
const defaultPort = 24224
const defaultBufferLimit = 1024 * 1024
/** 2^31 - 1, as Docker's. */
const defaultRetries = 0x7fffffff
const defaultRetryWait = 1000
/** The library that Docker uses waits that much longer each time, up to a minute. */
const retryGrowth = 1.5
const longestRetryWait = 60_000
/** How long fluentd may take to acknowledge, in milliseconds. */
const acknowledgeTimeout = 60_000
/** More than this in answer to one chunk is no acknowledgement. */
const longestAnswer = 4096

interface FluentdConfig {
  target: StreamTarget
  /** Messages in one chunk at most. */
  bufferLimit: number
  retryWait: number
  maxRetries: number
  requestAck: boolean
  subSecondPrecision: boolean
}

/** Throws InvalidParameter in Docker's words. */
export function checkFluentd(options: LogOptionValues): void {
  parseOptions(options)
}

function parseOptions(options: LogOptionValues): FluentdConfig {
  const target = parseAddress(options['fluentd-address'])
  const read = <T>(name: string, parse: (text: string) => T, absent: T): T => {
    const text = options[`fluentd-${name}`]
    return text ? parse(text) : absent
  }
  const bufferLimit = read('buffer-limit', memorySize, defaultBufferLimit)
  const retryWait = read('retry-wait', milliseconds, defaultRetryWait)
  const maxRetries = read('max-retries', unsignedInteger, defaultRetries)
  if (options['fluentd-async'] && options['fluentd-async-connect'])
    throw invalid("conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect")
  // Lines wait in the log, so they are always sent behind the container's back; there is nothing to choose.
  read('async', boolean, false)
  read('async-connect', boolean, false)
  checkReconnectInterval(options['fluentd-async-reconnect-interval'])
  const subSecondPrecision = read('sub-second-precision', boolean, false)
  const requestAck = read('request-ack', boolean, false)
  read('write-timeout', milliseconds, 0)
  return {
    target,
    bufferLimit: Math.max(bufferLimit, 1),
    retryWait,
    maxRetries,
    requestAck,
    subSecondPrecision,
  }
}

function checkReconnectInterval(text = ''): void {
  if (text === '') return
  const name = 'fluentd-async-reconnect-interval'
  const interval = saying(`invalid value for ${name}`, () => milliseconds(text))
  if (interval !== 0 && (interval < 100 || interval > 10_000))
    throw invalid(`invalid value for ${name}: value (${JSON.stringify(text)}) must be between 100ms and 10s`)
}

function parseAddress(text = ''): StreamTarget {
  if (text === '') return { host: defaultHost, port: defaultPort }
  return saying(`invalid fluentd-address (${text})`, () =>
    parseUrl(text.includes('://') ? text : `tcp://${text}`),
  )
}

function parseUrl(text: string): StreamTarget {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? []
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash)
  if (scheme === 'unix') {
    if (path.replace(/^\/+/, '') === '') throw invalid('path is empty')
    return { path }
  }
  if (scheme !== 'tcp' && scheme !== 'tls') throw invalid(`unsupported scheme: '${scheme}'`)
  if (path !== '') throw invalid('should not contain a path element')
  const [, bracketed, plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(authority) ?? [
    '',
    undefined,
    authority,
  ]
  if (!/^\d*$/.test(port))
    throw invalid(`parse ${JSON.stringify(text)}: invalid port ${JSON.stringify(`:${port}`)} after host`)
  if (Number(port) > 65535)
    throw invalid(`invalid port: strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`)
  const host = bracketed ?? (plain || defaultHost)
  const tls = scheme === 'tls' && { tls: isIP(host) === 0 ? { servername: host } : {} }
  return { host, port: port === '' ? defaultPort : Number(port), ...tls }
}

/**
 * Where a container's lines go by the forward protocol: it connects with the first of them. Throws InvalidParameter
 * for options that `checkFluentd` refuses.
 */
export function openFluentd(
  options: LogOptionValues,
  { info, tag, attributes }: { info: LogInfo; tag: string; attributes: Record<string, string> },
): Destination {
  return new Fluentd(parseOptions(options), tag, [
    ['container_id', info.id],
    ['container_name', `/${info.name}`],
    ...Object.entries(attributes),
  ])
}

class Fluentd implements Destination {
  readonly maxRetries: number
  readonly #config: FluentdConfig
  readonly #tag: string
  readonly #fields: [string, string][]
  readonly #connection: StreamConnection
  #answer: Buffer = Buffer.alloc(0)
  #onAnswer: () => void = () => {}

  constructor(config: FluentdConfig, tag: string, fields: [string, string][]) {
    this.#config = config
    this.maxRetries = config.maxRetries
    this.#tag = tag
    this.#fields = fields
    this.#connection = new StreamConnection(config.target, (data) => {
      this.#answer = Buffer.concat([this.#answer, data]).subarray(-longestAnswer)
      this.#onAnswer()
    })
  }

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    const { bufferLimit } = this.#config
    for (let from = 0; from < messages.length; from += bufferLimit)
      await this.#sendChunk(messages.slice(from, from + bufferLimit), signal)
  }

  retryDelay(attempt: number): number {
    return Math.min(this.#config.retryWait * retryGrowth ** Math.min(attempt - 1, 50), longestRetryWait)
  }

  close(): void {
    this.#connection.close()
  }

  async #sendChunk(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    const chunk = randomBytes(16).toString('base64')
    const option = new Map<string, Packable>([['size', messages.length]])
    if (this.#config.requestAck) option.set('chunk', chunk)
    const entries = messages.map((message) => [this.#time(message), this.#record(message)])
    this.#answer = Buffer.alloc(0)
    await this.#connection.write(pack([this.#tag, entries, option]), signal)
    if (this.#config.requestAck) await this.#acknowledged(chunk, signal)
  }

  #time({ time }: LogMessage): Packable {
    return this.#config.subSecondPrecision ? time : time.seconds
  }

  #record({ stream, line, partial }: LogMessage): Packable {
    const record = new Map<string, Packable>([['source', stream], ['log', line], ...this.#fields])
    if (!partial) return record
    record.set('partial_message', 'true')
    record.set('partial_id', partial.id)
    record.set('partial_ordinal', String(partial.ordinal))
    return record.set('partial_last', String(partial.last))
  }

  /** Waits for `{"ack": chunk}`; anything else, and silence, breaks the connection. */
  async #acknowledged(chunk: string, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(acknowledgeTimeout)])
    try {
      for (;;) {
        const answer = unpackStrings(this.#answer)
        if (answer) {
          if (answer.map.get('ack') === chunk) return
          throw new Error('fluentd acknowledged something else')
        }
        if (this.#connection.lost) throw this.#connection.lost
        limit.throwIfAborted()
        await this.#moreAnswer(limit)
      }
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  /** Resolves when there is more, and now and then, to see whether the connection is still there. */
  async #moreAnswer(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    const timer = setTimeout(wake, 100)
    signal.addEventListener('abort', wake)
    this.#onAnswer = wake
    await promise
    signal.removeEventListener('abort', wake)
    clearTimeout(timer)
  }
}
