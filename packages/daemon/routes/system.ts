import type { Collector, Events, SystemService } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { legacyDiskUsage, withoutItems } from '../compat/disk-usage.ts'
import { eventFor, isToldTo } from '../compat/events.ts'
import { infoFor, versionFor } from '../compat/system.ts'
import { parseFilters } from '../http/filters.ts'
import { json, jsonLines, stream, text } from '../http/reply.ts'
import { type ApiRequest, get, head, post, type Route } from '../http/route.ts'

const pingHeaders = {
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
}

/** `/_ping`, `/version`, `/info`, `/events` and `/system/df`. */
export function systemRoutes(system: SystemService, events: Events): Route[] {
  return [
    get('/_ping', () => text(200, 'OK', pingHeaders)),
    head('/_ping', () => text(200, '', { ...pingHeaders, 'Content-Length': '0' })),
    get('/version', async ({ version }) => json(200, versionFor(version, await system.version()))),
    get('/info', async ({ version }) => json(200, infoFor(version, await system.info()))),
    get('/events', (request) => streamEvents(events, request)),
    get('/system/df', async (request) => json(200, await diskUsage(system, request))),
  ]
}

function streamEvents(events: Events, { query, version, headers, signal }: ApiRequest) {
  const since = query.time('since')
  const until = query.time('until')
  const filters = parseFilters(query.text('filters'))
  if (since && until && until < since)
    throw new GantryError(
      'InvalidParameter',
      `since time (${seconds(since)}) cannot be after until time (${seconds(until)})`,
    )
  const { type, prefix } = eventStreamType(version, headers.accept)
  return stream(type, lines())

  async function* lines(): AsyncIterable<string> {
    const messages = events.subscribe({ since, until, filters, signal })
    for await (const line of jsonLines(translated(messages), '\n')) yield prefix + line
  }

  async function* translated(messages: ReturnType<Events['subscribe']>): AsyncIterable<unknown> {
    for await (const message of messages) if (isToldTo(version, message)) yield eventFor(version, message)
  }
}

/** Which of the stream types a client of 1.52 or later accepts; `application/json` for all others. */
function eventStreamType(version: number, accept = ''): { type: string; prefix: string } {
  const accepted = accept.split(',').map((part) => part.split(';')[0]?.trim())
  if (version >= 52 && accepted.includes('application/json-seq'))
    return { type: 'application/json-seq', prefix: '\x1e' }
  if (version >= 53 && accepted.includes('application/jsonl'))
    return { type: 'application/jsonl', prefix: '' }
  if (version >= 52 && accepted.includes('application/x-ndjson'))
    return { type: 'application/x-ndjson', prefix: '' }
  return { type: 'application/json', prefix: '' }
}

async function diskUsage(system: SystemService, { query, version }: ApiRequest): Promise<unknown> {
  const types = version < 42 ? [] : query.all('type')
  const known = ['container', 'image', 'volume', 'build-cache']
  const unknown = types.find((type) => !known.includes(type))
  if (unknown !== undefined) throw new GantryError('InvalidParameter', `unknown object type: ${unknown}`)
  const usage = await system.diskUsage()
  const wanted = new Set(types.length > 0 ? types : known)
  const verbose = version >= 52 && query.flag('verbose')
  const legacy = version < 53 && !verbose ? legacyDiskUsage(version, usage, wanted) : {}
  if (version < 52) return legacy
  return { ...legacy, ...withoutItems(usage, wanted, verbose) }
}

function seconds(time: Date): string {
  return String(Math.trunc(time.getTime() / 1000))
}

/** Clean-up, which Docker's API does not have. */
export function collectorRoutes(collector: Collector): Route[] {
  return [post('/system/gc', async ({ query }) => json(200, await collector.run(query.flag('dry-run'))))]
}
