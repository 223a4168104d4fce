/** An HTTP server that stands before a registry and spoils the answers that a test wants spoilt. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** What may be done to an answer (`after` and `at` count bytes of its body). */
export type Fault =
  /** The connection is reset after so many bytes; 0: before the answer. */
  | { kind: 'cut'; after: number }
  /** The body ends early, but well-formed: with a Content-Length that agrees. */
  | { kind: 'truncate'; after: number }
  | { kind: 'corrupt'; at: number }
  /** Nothing more is sent after so many bytes, and the connection stays. */
  | { kind: 'stall'; after: number }
  | { kind: 'delay'; milliseconds: number }
  | { kind: 'slow'; bytesPerSecond: number }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string }
  /** The Range header does not reach the registry. */
  | { kind: 'ignore-range' }
  | { kind: 'headers'; set: Record<string, string> }
  /** After the body come so many more bytes. */
  | { kind: 'surplus'; bytes: number }

export interface FaultRule {
  fault: Fault
  /** `GET`; none: every method. */
  method?: string
  /** Found in path and query. */
  path?: RegExp
  /** How many answers are spoilt; default: all. */
  times?: number
}

/** A request as it came. */
export interface SeenRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
}

export interface FaultProxy {
  readonly host: string
  readonly url: string
  readonly requests: SeenRequest[]
  /** Rules are asked in order; the first that fits and is not used up is applied. */
  rules: FaultRule[]
  stop(): Promise<void>
}

/** Starts a proxy before `target` (`http://127.0.0.1:5000`). With `t`, it is stopped after the test. */
export async function startFaultProxy(
  target: string,
  rules: FaultRule[] = [],
  t?: { after(hook: () => unknown): void },
): Promise<FaultProxy> {
  const used = new Map<FaultRule, number>()
  const requests: SeenRequest[] = []
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    const fault = nextFault(request)
    forward(target, request, response, fault).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  function nextFault(request: IncomingMessage): Fault | null {
    const rule = proxy.rules.find(
      (each) =>
        (each.method === undefined || each.method === request.method) &&
        (each.path === undefined || each.path.test(request.url ?? '')) &&
        (used.get(each) ?? 0) < (each.times ?? Number.POSITIVE_INFINITY),
    )
    if (rule) used.set(rule, (used.get(rule) ?? 0) + 1)
    return rule?.fault ?? null
  }

  const proxy: FaultProxy = {
    host,
    url: `http://${host}`,
    requests,
    rules,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  t?.after(() => proxy.stop())
  return proxy
}

async function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | null,
): Promise<void> {
  if (fault?.kind === 'cut' && fault.after === 0) return void request.socket.resetAndDestroy()
  if (fault?.kind === 'delay') await sleep(fault.milliseconds, undefined, { ref: false })
  if (fault?.kind === 'status') {
    request.resume()
    return void response.writeHead(fault.status, fault.headers).end(fault.body)
  }
  const headers = { ...request.headers }
  if (fault?.kind === 'ignore-range') delete headers.range
  const upstream = send(new URL(request.url ?? '/', target), { method: request.method ?? 'GET', headers })
  response.on('close', () => upstream.destroy())
  const [[answer]] = (await Promise.all([once(upstream, 'response'), pipeline(request, upstream)])) as [
    [IncomingMessage],
    undefined,
  ]
  const answered = headersOf(answer, fault)
  response.writeHead(answer.statusCode ?? 502, answered)
  const body = fault ? bodyFault(fault, response) : null
  await (body ? pipeline(answer, body, response) : pipeline(answer, response))
}

function headersOf(answer: IncomingMessage, fault: Fault | null): IncomingMessage['headers'] {
  const headers = { ...answer.headers }
  const length = Number(headers['content-length'])
  if (fault?.kind === 'truncate') headers['content-length'] = String(Math.min(length, fault.after))
  if (fault?.kind === 'surplus') headers['content-length'] = String(length + fault.bytes)
  return fault?.kind === 'headers' ? { ...headers, ...fault.set } : headers
}

function bodyFault(fault: Fault, response: ServerResponse): Transform | null {
  let seen = 0
  switch (fault.kind) {
    case 'cut':
    case 'truncate':
    case 'stall':
      return transform((chunk, done) => {
        const rest = Math.max(0, fault.after - seen)
        seen += chunk.length
        const kept = chunk.subarray(0, rest)
        if (seen < fault.after || fault.kind === 'truncate') return done(null, kept)
        if (fault.kind === 'stall') return void response.write(kept)
        response.write(kept, () => response.socket?.resetAndDestroy())
      })
    case 'corrupt':
      return transform((chunk, done) => {
        const at = fault.at - seen
        seen += chunk.length
        if (at >= 0 && at < chunk.length) chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at)
        done(null, chunk)
      })
    case 'slow':
      return transform((chunk, done) => {
        setTimeout(() => done(null, chunk), (chunk.length / fault.bytesPerSecond) * 1000)
      })
    case 'surplus':
      return transform(
        (chunk, done) => done(null, chunk),
        (done) => done(null, Buffer.alloc(fault.bytes, 'x')),
      )
    default:
      return null
  }
}

function transform(
  change: (chunk: Buffer, done: TransformCallback) => void,
  flush?: (done: TransformCallback) => void,
): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => change(chunk, done),
    ...(flush && { flush }),
  })
}
