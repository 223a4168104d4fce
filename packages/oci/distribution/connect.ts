/** Connections to registries: direct or through a proxy, with or without TLS, within a time and a signal. */
import { type LookupAddress, lookup } from 'node:dns'
import { type BlockList, connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { inRanges, isLinkLocal, isPrivate } from './addresses.ts'
import { RegistryError } from './errors.ts'
import { networkError } from './network-errors.ts'
import { proxyAuthorization } from './proxies.ts'
import { proxyRefused } from './retry.ts'

export interface TlsSettings {
  /** False: whatever certificate the other side shows is taken. */
  verify: boolean
  context: SecureContext
}

/** Which addresses of a host may be connected to. */
export type Reach = 'any' | 'not-link-local' | 'public'

export interface Target {
  /** Without brackets. */
  host: string
  port: number
  tls: TlsSettings | undefined
  proxy: URL | undefined
  reach: Reach
  /** Only addresses in these ranges may be connected to. */
  within: BlockList | undefined
  /** Milliseconds for everything until the connection can be used. */
  timeout: number
}

/** The largest answer of a proxy to CONNECT, in bytes. */
const largestProxyAnswer = 16 * 1024

/**
 * Connects. Rejects with RegistryError, `unreachable` or `tls`, or the signal's reason; then nothing is left open.
 * Through a proxy, a target with TLS gets a tunnel; one without gets a connection to the proxy itself.
 */
export async function connect(target: Target, signal?: AbortSignal): Promise<Duplex> {
  signal?.throwIfAborted()
  const opened: Socket[] = []
  const end = (reason: unknown): void => {
    for (const socket of opened) socket.destroy(reason instanceof Error ? reason : undefined)
  }
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const timedOut = Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })
  const timer = setTimeout(() => reject(networkError(timedOut, target.host, target.port)), target.timeout)
  const aborted = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', aborted, { once: true })
  try {
    return await Promise.race([establish(target, (socket) => opened.push(socket)), ended])
  } catch (error) {
    end(error)
    if (signal?.aborted) throw signal.reason
    throw networkError(error, target.host, target.port)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
  }
}

async function establish(target: Target, opened: (socket: Socket) => void): Promise<Socket> {
  const { tls, proxy } = target
  if (!proxy) {
    const socket = await dial(target, opened)
    return tls ? secure(socket, target.host, tls, opened) : socket
  }
  if (target.reach === 'public' && isPrivate(target.host)) throw unreachableRange(target.host)
  const viaProxy = await dialProxy(proxy, opened)
  if (!tls) return viaProxy
  await openTunnel(viaProxy, proxy, target)
  return secure(viaProxy, target.host, tls, opened)
}

/** A TCP connection, with the addresses of the host checked when they are not all allowed. */
async function dial(target: Target, opened: (socket: Socket) => void): Promise<Socket> {
  const { host, port, reach, within } = target
  const isFree = reach === 'any' && within === undefined
  if (isIP(host) && isForbidden(host, target)) throw unreachableRange(host)
  const socket = connectTcp({
    host,
    port,
    noDelay: true,
    ...(!isFree && { lookup: checkedLookup(target) }),
  })
  opened(socket)
  await happens(socket, 'connect')
  return socket
}

function isForbidden(address: string, { reach, within }: Pick<Target, 'reach' | 'within'>): boolean {
  if (within && !inRanges(within, address)) return true
  return (reach === 'public' && isPrivate(address)) || (reach === 'not-link-local' && isLinkLocal(address))
}

function unreachableRange(host: string): RegistryError {
  return new RegistryError(
    'invalid-answer',
    `refusing to connect to ${host}: its address is not one that it may have`,
  )
}

/** Looks a name up and lets only the allowed addresses through: what is checked is what is connected to. */
function checkedLookup(target: Target): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, [])
      const allowed = addresses.filter(({ address }) => !isForbidden(address, target))
      const [first] = allowed
      if (first === undefined) return callback(unreachableRange(hostname), [])
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

async function secure(
  socket: Socket,
  host: string,
  { verify, context }: TlsSettings,
  opened: (socket: Socket) => void,
): Promise<Socket> {
  const secured = connectTls({
    socket,
    secureContext: context,
    rejectUnauthorized: verify,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) ? { host } : { servername: host, host }),
  })
  opened(secured)
  await happens(secured, 'secureConnect')
  return secured
}

async function dialProxy(proxy: URL, opened: (socket: Socket) => void): Promise<Socket> {
  const secured = proxy.protocol === 'https:'
  if (!secured && proxy.protocol !== 'http:')
    throw new RegistryError('unreachable', `proxyconnect tcp: unsupported proxy scheme ${proxy.protocol}`)
  const host = proxy.hostname.replace(/^\[|\]$/g, '')
  const port = Number(proxy.port || (secured ? 443 : 80))
  try {
    const socket = secured
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connectTcp({ host, port, noDelay: true })
    opened(socket)
    await happens(socket, secured ? 'secureConnect' : 'connect')
    return socket
  } catch (error) {
    const failure = networkError(error, host, port)
    throw new RegistryError(failure.reason, `proxyconnect tcp: ${failure.message}`, { cause: error })
  }
}

async function openTunnel(socket: Socket, proxy: URL, { host, port }: Target): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const authorization = proxyAuthorization(proxy)
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(authorization ? [`Proxy-Authorization: ${authorization}`] : []),
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const head = await readHead(socket)
  const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)/.exec(head) ?? []
  if (status.startsWith('2')) return
  const message = `proxy answered ${status} ${reason}`.trimEnd()
  // What it does not allow, it will not allow shortly after.
  const cause = status.startsWith('4') ? Object.assign(new Error(message), { code: proxyRefused }) : undefined
  throw new RegistryError('unreachable', message, { cause })
}

/** The head of an answer; what follows it stays in the socket. */
async function readHead(socket: Socket): Promise<string> {
  let head = Buffer.alloc(0)
  for (;;) {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      await happens(socket, 'readable')
      if (socket.readableEnded) throw new RegistryError('unreachable', 'proxyconnect tcp: unexpected EOF')
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) {
      if (end + 4 < head.length) socket.unshift(head.subarray(end + 4))
      return head.toString('latin1', 0, end)
    }
    if (head.length > largestProxyAnswer)
      throw new RegistryError('unreachable', 'proxyconnect tcp: the answer is too long')
  }
}

/** Waits for an event of a socket; rejects when it fails or closes before. */
function happens(socket: Socket, event: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const closed = (): void => reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
  const failed = (error: Error): void => reject(error)
  const done = (): void => resolve()
  socket.once(event, done)
  socket.once('error', failed)
  socket.once('close', closed)
  return promise.finally(() => {
    socket.off(event, done)
    socket.off('error', failed)
    socket.off('close', closed)
    // An error that comes between two waits must not end the process; the next wait sees the closed socket.
    socket.on('error', () => {})
  })
}
