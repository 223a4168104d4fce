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
import type { LogEntry } from '@gantry/runtime'
import { frame, streamType } from '../http/frames.ts'
import { type HijackReply, type Reply, stream } from '../http/reply.ts'
import { type ApiRequest, get, hijack, post, type Route } from '../http/route.ts'

/** Attach, logs and wait: the endpoints that stay open. */
export function containerStreamRoutes(containers: Containers): Route[] {
  return [
    hijack('/containers/:id/attach', (request) => attach(containers, request)),
    get('/containers/:id/logs', (request) => logs(containers, request)),
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
  })
  return { kind: 'hijack', contentType: streamType(session.terminal, version), session }
}

async function logs(containers: Containers, { params, query, version, signal }: ApiRequest): Promise<Reply> {
  const options: LogOptions = {
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    follow: query.flag('follow'),
    tail: tailOf(query.text('tail')),
    since: query.time('since'),
    until: version < 35 ? undefined : query.time('until'),
    signal,
  }
  if (!options.stdout && !options.stderr)
    throw new GantryError('InvalidParameter', 'Bad parameters: you must choose at least one stream')
  const { terminal, details, entries } = await containers.logs(params.id ?? '', options)
  const layout = {
    terminal,
    timestamps: query.flag('timestamps'),
    details: query.flag('details') ? `${detailsText(details)} ` : '',
  }
  const body = logBody(entries, layout)
  // Older versions did not say what kind of stream it is.
  if (version < 42) return { kind: 'stream', status: 200, headers: {}, body, lazy: false }
  return stream(streamType(terminal, version), body)
}

/** `all`, nothing and anything that is no number mean the whole log. */
function tailOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

interface LogLayout {
  terminal: boolean
  timestamps: boolean
  /** What stands before each line. */
  details: string
}

/** `a=1,b=2`, sorted, with what would be mistaken written as in a query. */
function detailsText(details: Record<string, string>): string {
  const pairs = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))
  return pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join(',')
}

async function* logBody(entries: AsyncIterable<LogEntry>, layout: LogLayout): AsyncIterable<Uint8Array> {
  for await (const entry of entries) {
    const lead = `${layout.timestamps ? `${fixedTimestamp(entry)} ` : ''}${layout.details}`
    const data = lead === '' ? entry.data : Buffer.concat([Buffer.from(lead), entry.data])
    yield layout.terminal ? data : frame(entry.stream, data)
  }
}

/** RFC 3339 in UTC, always with nine digits of fraction. */
function fixedTimestamp(entry: LogEntry): string {
  const fraction = /\.(\d+)/.exec(entry.timestamp)?.[1] ?? ''
  return `${entry.time.toISOString().slice(0, 19)}.${fraction.padEnd(9, '0').slice(0, 9)}Z`
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
