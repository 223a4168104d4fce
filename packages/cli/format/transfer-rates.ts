/** What a terminal shows of a transfer besides the engine's messages: how fast each layer goes, and the whole of it. */
import type { JsonMessage } from './json-messages.ts'
import { humanSize } from './units.ts'

/** Milliseconds over which a rate is measured at least. */
const shortest = 250

const moving = new Set(['Downloading', 'Pushing'])

interface Line {
  /** Bytes that were there at the first look. */
  first: number
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
  const whole = new Rate(now(), 0)
  for await (const message of messages) {
    const { id = '', status = '', progressDetail: { current = 0, total = 0 } = {} } = message
    const line = lines.get(id)
    if (!moving.has(status) && !line) yield message
    else if (moving.has(status)) {
      const known = line ?? { first: current, current, total, rate: new Rate(now(), current) }
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
  const moved = current - sum((line) => line.first)
  return { id: 'Total', status: '', progressDetail: { current, total }, rate: whole.at(moved, time) }
}

/** Bytes a second since the beginning of what is measured, at which there were `first` of them. */
class Rate {
  readonly #since: number
  readonly #first: number

  constructor(since: number, first: number) {
    this.#since = since
    this.#first = first
  }

  at(current: number, time: number): string {
    const elapsed = time - this.#since
    return elapsed < shortest ? '' : `${humanSize(((current - this.#first) * 1000) / elapsed)}/s`
  }
}
