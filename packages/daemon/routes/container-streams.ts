import {
  type Containers,
  type LogOptions,
  type StateWaitResult,
  type WaitCondition,
  type WaitResult,
  type WaitState,
  waitStates,
} from '@gantry/engine'
import { GantryError, messageOf } from '@gantry/errors'
import type { LogBlock } from '@gantry/runtime'
import { streamType } from '../http/frames.ts'
import { LogFrames, type LogLayout } from '../http/log-frames.ts'
import { note, placeOf, placeText, resumableHeader } from '../http/notes.ts'
import { empty, type HijackReply, type Reply, stream, type WebSocketReply } from '../http/reply.ts'
import { type ApiRequest, get, hijack, post, type Route, webSocket } from '../http/route.ts'

/** Attach, logs and wait: the endpoints that stay open. */
export function containerStreamRoutes(containers: Containers): Route[] {
  return [
    hijack('/containers/:id/attach', (request) => attach(containers, request)),
    webSocket('/containers/:id/attach/ws', (request) => attachWebSocket(containers, request)),
    get('/containers/:id/logs', (request) => logs(containers, request)),
    // Our own: Docker has no way to empty a log.
    post('/containers/:id/logs/clear', async ({ params }) => {
      await containers.clearLogs(params.id ?? '')
      return empty(204)
    }),
    post('/containers/:id/wait', (request) => wait(containers, request)),
  ]
}

async function attach(containers: Containers, { params, query, version }: ApiRequest): Promise<HijackReply> {
  const session = await containers.attach(params.id ?? '', {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    logs: query.flag('logs'),
    stream: query.flag('stream'),
    detachKeys: query.text('detachKeys'),
    resumable: query.flag('resumable'),
  })
  const resumable = query.flag('resumable') && { resumable: placeText(session.begin) }
  return { kind: 'hijack', contentType: streamType(session.terminal, version), session, ...resumable }
}

/** Older versions always carried all three streams, and the oldest text. */
async function attachWebSocket(
  containers: Containers,
  { params, query, version, headers }: ApiRequest,
): Promise<WebSocketReply> {
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new GantryError('InvalidParameter', 'not a websocket request')
  }
  const wants = (name: string) => version < 42 || query.flag(name)
  const session = await containers.attach(params.id ?? '', {
    stdin: wants('stdin'),
    stdout: wants('stdout'),
    stderr: wants('stderr'),
    logs: query.flag('logs'),
    stream: query.flag('stream'),
    detachKeys: query.text('detachKeys'),
  })
  return { kind: 'websocket', session, binary: version >= 28 }
}

async function logs(containers: Containers, { params, query, version, signal }: ApiRequest): Promise<Reply> {
  const wanted = { stdout: query.flag('stdout'), stderr: query.flag('stderr') }
  if (!wanted.stdout && !wanted.stderr)
    throw new GantryError('InvalidParameter', 'Bad parameters: you must choose at least one stream')
  const options: LogOptions = {
    follow: query.flag('follow'),
    tail: tailOf(query.text('tail')),
    since: query.instant('since'),
    until: version < 35 ? undefined : query.instant('until'),
    start: placeOf(query.text('start')),
    signal,
  }
  const { terminal, details, blocks } = await containers.logs(params.id ?? '', options)
  const layout = {
    ...wanted,
    terminal,
    timestamps: query.flag('timestamps'),
    details: query.flag('details') ? `${detailsText(details)} ` : '',
  }
  if (query.flag('resumable')) {
    const notes = { kind: 'stream', status: 200, lazy: false } as const
    const headers = { 'Content-Type': streamType(false, version), [resumableHeader]: 'noted' }
    return { ...notes, headers, body: notedLogBody(blocks, { ...layout, terminal: false }, signal) }
  }
  const body = logBody(blocks, layout)
  // Older versions did not say what kind of stream it is.
  if (version < 42) return { kind: 'stream', status: 200, headers: {}, body, lazy: false }
  return stream(streamType(terminal, version), body)
}

/** `all`, nothing and anything that is no number mean the whole log. */
function tailOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/** `a=1,b=2`, sorted, each as in a query. */
function detailsText(details: Record<string, string>): string {
  const pairs = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))
  return pairs.map((pair) => new URLSearchParams([pair as [string, string]]).toString()).join(',')
}

async function* logBody(blocks: AsyncIterable<LogBlock>, layout: LogLayout): AsyncIterable<Uint8Array> {
  const frames = new LogFrames(layout)
  for await (const block of blocks) {
    const chunk = frames.format(block)
    if (chunk.length > 0) yield chunk
  }
  const last = frames.end()
  if (last.length > 0) yield last
}

/** With a note of each place from which the log can be read on, and one at the end. */
async function* notedLogBody(
  blocks: AsyncIterable<LogBlock>,
  layout: LogLayout,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const frames = new LogFrames(layout)
  for await (const block of blocks) {
    const chunk = frames.format(block)
    if (chunk.length > 0) yield chunk
    if (block.end && frames.isBetweenLines) yield note(`position ${placeText(block.end)}`)
  }
  if (signal.aborted) return
  const last = frames.end()
  if (last.length > 0) yield last
  yield note('end')
}

const conditions: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed']

async function wait(containers: Containers, { params, query, version, signal }: ApiRequest): Promise<Reply> {
  const id = params.id ?? ''
  const text = version < 30 ? '' : query.text('condition')
  const states = statesOf(text)
  const { result } = states
    ? await containers.waitForState(id, states, signal)
    : await containers.wait(id, conditionOf(text, version), signal)
  // The status line goes out now: clients start the container only once they know that they are waiting.
  return stream('application/json', waitBody(result, version, signal))
}

/** Ours: one or several states, `healthy,exited`. Null for Docker's own conditions. */
function statesOf(text: string): WaitState[] | null {
  const names = text.split(',')
  const states = waitStates.filter((state) => names.includes(state) && text !== 'removed')
  return states.length === names.length ? states : null
}

function conditionOf(text: string, version: number): WaitCondition {
  if (text === '') return 'not-running'
  const condition = conditions.find((candidate) => candidate === text)
  if (condition) return condition
  if (version < 42) return 'not-running'
  throw new GantryError('InvalidParameter', `invalid condition: ${JSON.stringify(text)}`)
}

async function* waitBody(
  result: Promise<WaitResult | StateWaitResult>,
  version: number,
  signal: AbortSignal,
): AsyncIterable<string> {
  // Older clients expect the field to be there.
  const noError = version < 42 ? { Error: null } : {}
  let answer: { StatusCode: number; State?: WaitState; Error?: { Message: string } | null }
  try {
    const end = await result
    if ('state' in end) answer = { StatusCode: end.exitCode, State: end.state }
    else {
      const { exitCode, error } = end
      answer = { ...(error === undefined ? noError : { Error: { Message: error } }), StatusCode: exitCode }
    }
  } catch (error) {
    if (signal.aborted) return
    answer = { StatusCode: -1, Error: { Message: messageOf(error) } }
  }
  yield `${JSON.stringify(answer)}\n`
}
