import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
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
  const body = await context.client.download('SystemEvents', {
    query: {
      ...(since && { since: timestamp(since) }),
      ...(until && { until: timestamp(until) }),
      filters: encodeFilters(flags.filters('filter')),
    },
  })
  for await (const event of events(body)) context.stdout.write(`${line(event)}\n`)
}

/** The engine writes an event a line. */
async function* events(body: Readable): AsyncGenerator<ExactEvent> {
  for await (const line of createInterface({ input: body })) {
    if (line.trim() !== '') yield parseJson(line) as ExactEvent
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
