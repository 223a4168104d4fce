import { lines } from '@gantry/client'
import { isLost, reconnected } from '../../container/reconnect.ts'
import { type JsonNumber, parseJson, typed } from '../../format/go/json.ts'
import type { GoValue } from '../../format/go/types.ts'
import { pointerTo } from '../../format/go/types.ts'
import { compareText } from '../../format/go/value.ts'
import { eventType } from '../../format/schemas/index.ts'
import { Template, TemplateError } from '../../format/template/index.ts'
import { fromUnix, rfc3339 } from '../../format/time.ts'
import { timestamp } from '../../format/timestamps.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'

type EventsQuery = { since?: string; until?: string; filters: string | undefined }

/** An event with numbers as they stand in the JSON: the nanoseconds are more than a number can hold. */
interface ExactEvent {
  Type?: string
  Action?: string
  Actor?: { ID?: string; Attributes?: Record<string, string> }
  time?: JsonNumber
  timeNano?: JsonNumber
}

/** `system events`: what happens in the engine, as it happens, until the user or `--until` ends it. */
export async function systemEvents(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const line = lineWriter(flags.string('format'))
  const [since, until] = [flags.string('since'), flags.string('until')]
  const query = {
    ...(since && { since: timestamp(since) }),
    ...(until && { until: timestamp(until) }),
    filters: encodeFilters(flags.filters('filter')),
  }
  for await (const event of eventsAcross(context, query)) context.stdout.write(`${line(event)}\n`)
}

/** The events of one daemon after the other: what happened in between is told by the next one. */
async function* eventsAcross(context: CommandContext, query: EventsQuery): AsyncGenerator<ExactEvent> {
  const begin = Date.now() / 1000
  let latest = ''
  /** Lines of the latest moment: they come again. */
  const shown = new Set<string>()
  for (let since = query.since; ; ) {
    try {
      const body = await context.client.download('SystemEvents', {
        query: { ...query, ...(since && { since }) },
      })
      for await (const line of lines(body)) {
        const event = parseJson(line) as ExactEvent
        const moment = event.timeNano?.text ?? ''
        if (moment !== latest) shown.clear()
        if (moment !== '' && shown.has(line)) continue
        latest = moment
        shown.add(line)
        yield event
      }
      if (query.until && Date.now() / 1000 >= Number(query.until)) return
    } catch (error) {
      if (!isLost(error)) throw error
    }
    await reconnected(context, 'what runs')
    if (latest) since = `${latest.slice(0, -9)}.${latest.slice(-9)}`
    else since ??= begin.toFixed(3)
  }
}

/** How an event is shown. Throws an ExitError with code 64 for a template that no event fits. */
function lineWriter(format: string): (event: ExactEvent) => string {
  if (format === '') return plainLine
  const type = eventType()
  try {
    const template = new Template(format === 'json' ? '{{json .}}' : format)
    // Templates see a pointer to the event.
    const value = (event: ExactEvent): GoValue => ({ type: pointerTo(type), data: typed(type, event).data })
    const show = (event: ExactEvent) => template.run(value(event))
    show({})
    return show
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(64, `Error parsing format: ${error.message}`)
    throw error
  }
}

function plainLine({
  Type: type = '',
  Action: action = '',
  Actor: actor,
  time,
  timeNano,
}: ExactEvent): string {
  const attributes = Object.entries(actor?.Attributes ?? {})
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => `${key}=${value}`)
  const details = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${momentText(time, timeNano)} ${type} ${action} ${actor?.ID ?? ''}${details}`
}

function momentText(time: JsonNumber | undefined, timeNano: JsonNumber | undefined): string {
  const nanoseconds = BigInt(timeNano?.text ?? 0)
  if (nanoseconds === 0n) return rfc3339(fromUnix(Number(time?.text ?? 0)), true)
  const seconds = Number(nanoseconds / 1000000000n)
  return rfc3339(fromUnix(seconds, Number(nanoseconds % 1000000000n)), true)
}
