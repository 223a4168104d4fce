/** What a terminal shows of a transfer besides the engine's messages: how fast each layer goes, and the whole of it. */
import type { JsonMessage } from './json-messages.ts'
import { humanSize } from './units.ts'

/** Milliseconds over which a rate is measured at least. */
const shortest = 250

const moving = new Set(['Downloading', 'Pushing'])

interface Line {
  current: number
  total: number
  rate: Rate
}

/** The messages with rates, and a line with the totals below those of the layers. */
export async function* withRates(
  messages: AsyncIterable<JsonMessage>,
  now: () => number = Date.now,
): AsyncIterable<JsonMessage> {
  const lines = new Map<string, Line>()
  const whole = new Rate(now())
  for await (const message of messages) {
    const { id = '', status = '', progressDetail: { current = 0, total = 0 } = {} } = message
    const line = lines.get(id)
    if (!moving.has(status) && !line) yield message
    else if (moving.has(status)) {
      const known = line ?? { current: 0, total, rate: new Rate(now()) }
      lines.set(id, { ...known, current, total })
      yield { ...message, rate: known.rate.at(current, now()) }
      if (lines.size > 1) yield totals(lines, whole, now())
    } else {
      // It has arrived: what follows is not about bytes on the way.
      if (line) line.current = line.total
      yield message
    }
  }
}

function totals(lines: ReadonlyMap<string, Line>, whole: Rate, time: number): JsonMessage {
  const sum = (pick: (line: Line) => number) => [...lines.values()].reduce((all, line) => all + pick(line), 0)
  const current = sum((line) => line.current)
  const total = sum((line) => line.total)
  return { id: 'Total', status: '', progressDetail: { current, total }, rate: whole.at(current, time) }
}

/** Bytes a second since the beginning of what is measured. What was there at the first look does not count. */
class Rate {
  readonly #since: number
  #first: number | undefined

  constructor(since: number) {
    this.#since = since
  }

  at(current: number, time: number): string {
    this.#first ??= current
    const elapsed = time - this.#since
    return elapsed < shortest ? '' : `${humanSize(((current - this.#first) * 1000) / elapsed)}/s`
  }
}
