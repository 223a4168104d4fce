import { randomBytes } from 'node:crypto'
import { type Instant, RecordScanner } from '@gantry/runtime'

/** A line, or a piece of a long one, as it goes to a destination. */
export interface LogMessage {
  stream: 'stdout' | 'stderr'
  time: Instant
  /** Without its newline. */
  line: Buffer
  /** Of a line that is longer than a message may be; counted from 1. */
  partial: { id: string; ordinal: number; last: boolean } | null
}

/** Docker's longest message. */
const longestMessage = 16 * 1024

/** The beginning of a line whose rest has not been written, as it is stored. */
export interface PendingLine {
  /** Base64. */
  data: string
  time: Instant
  /** How many pieces of the line have been handed on, under which id. */
  pieces: number
  id: string
}
export type PendingLines = Partial<Record<LogMessage['stream'], PendingLine>>

interface OpenLine {
  parts: Buffer[]
  length: number
  time: Instant
  pieces: number
  id: string
}

/** Makes lines of records: puts together what conmon wrote in pieces, and cuts what is longer than a message. */
export class LineAssembler {
  readonly #open: Partial<Record<LogMessage['stream'], OpenLine>> = {}

  constructor(pending: PendingLines = {}) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = pending[stream]
      if (!line) continue
      const data = Buffer.from(line.data, 'base64')
      this.#open[stream] = { ...line, parts: [data], length: data.length }
    }
  }

  /** The messages that the records complete. Lines of a message's length or less are not copied. */
  add(records: Buffer): LogMessage[] {
    const messages: LogMessage[] = []
    const scanner = new RecordScanner(records)
    while (scanner.next()) {
      const { stream, time, full } = scanner
      const text = records.subarray(scanner.text, scanner.end - 1)
      if (full && !this.#open[stream] && text.length <= longestMessage)
        messages.push({ stream, time, line: text, partial: null })
      else this.#append(stream, text, { time, full }, messages)
    }
    return messages
  }

  /** What is left of lines that nobody will end any more. */
  flush(): LogMessage[] {
    const messages: LogMessage[] = []
    for (const stream of ['stdout', 'stderr'] as const) this.#end(stream, messages)
    return messages
  }

  /** To go on with later. */
  get pending(): PendingLines {
    const pending: PendingLines = {}
    for (const [stream, { parts, time, pieces, id }] of Object.entries(this.#open))
      pending[stream as LogMessage['stream']] = {
        data: Buffer.concat(parts).toString('base64'),
        time,
        pieces,
        id,
      }
    return pending
  }

  #append(
    stream: LogMessage['stream'],
    text: Buffer,
    { time, full }: { time: Instant; full: boolean },
    messages: LogMessage[],
  ): void {
    const line = this.#open[stream] ?? { parts: [], length: 0, time, pieces: 0, id: '' }
    this.#open[stream] = line
    line.parts.push(text)
    line.length += text.length
    if (line.length > longestMessage) cut(line, stream, messages)
    if (full) this.#end(stream, messages)
    // The rest may wait for long: it must not keep the whole block.
    else line.parts = [Buffer.concat(line.parts)]
  }

  #end(stream: LogMessage['stream'], messages: LogMessage[]): void {
    const line = this.#open[stream]
    if (!line) return
    delete this.#open[stream]
    const partial = line.pieces > 0 ? { id: line.id, ordinal: line.pieces + 1, last: true } : null
    messages.push({ stream, time: line.time, line: Buffer.concat(line.parts), partial })
  }
}

/** Takes whole messages off the beginning of a line. */
function cut(line: OpenLine, stream: LogMessage['stream'], messages: LogMessage[]): void {
  let rest = Buffer.concat(line.parts)
  line.id ||= randomBytes(32).toString('hex')
  for (; rest.length > longestMessage; rest = rest.subarray(longestMessage)) {
    const partial = { id: line.id, ordinal: ++line.pieces, last: false }
    messages.push({ stream, time: line.time, line: rest.subarray(0, longestMessage), partial })
  }
  line.parts = [rest]
  line.length = rest.length
}
