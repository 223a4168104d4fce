/** Progress as the engine reports it: a stream of JSON messages, shown as lines or, on a terminal, in place. */
import type { Output } from '../framework/command.ts'
import { throwReported } from './transfers.ts'
import { humanSize } from './units.ts'

/** One message of pull, push, load, import or build. */
export interface JsonMessage {
  stream?: string
  status?: string
  id?: string
  progress?: string
  progressDetail?: { current?: number; total?: number; units?: string; hidecounts?: boolean }
  error?: string
  errorDetail?: { code?: number; message?: string; lines?: { first: number; last: number } }
  aux?: unknown
  /** Bytes a second, as text: of the command's own making. */
  rate?: string
}

/** Shows the messages as they come. Throws an Error with the text of a message that reports one. */
export async function showMessages(messages: AsyncIterable<JsonMessage>, output: Output): Promise<void> {
  const lines = new Map<string, number>()
  for await (const message of messages) {
    throwReported(message)
    if (message.aux !== undefined) continue
    if (output.isTTY) showInPlace(message, lines, output)
    else if (!hasProgress(message)) output.write(messageText(message, '\n'))
  }
}

const hasProgress = ({ progress, progressDetail: detail }: JsonMessage): boolean =>
  Boolean(progress) || (detail?.current ?? 0) > 0 || (detail?.total ?? 0) > 0

/** A message with an id has a line of its own, which later ones of the same id overwrite. */
function showInPlace(message: JsonMessage, lines: Map<string, number>, output: Output): void {
  const { id } = message
  if (!id || !(message.progressDetail || hasProgress(message))) {
    // What comes after a plain line stands below it.
    lines.clear()
    output.write(messageText(message, '\n'))
    return
  }
  // A line that went on into the next one could not be overwritten.
  const text = messageText(message, '', output.columns).slice(0, output.columns || undefined)
  const known = lines.get(id)
  if (known === undefined) {
    lines.set(id, lines.size)
    output.write(`${text}\n`)
    return
  }
  const up = lines.size - known
  output.write(`\u001b[${up}A\u001b[2K\r${text}\r\u001b[${up}B`)
}

function messageText(message: JsonMessage, end: string, columns?: number): string {
  if (message.stream !== undefined) return message.stream
  const id = message.id ? `${message.id}: ` : ''
  const before = `${id}${message.status ?? ''}`
  const rate = message.rate ? `  ${message.rate}` : ''
  const progress = columns === undefined ? '' : progressText(message, columns - before.length - rate.length)
  return `${before}${progress && ` ${progress}`}${rate}${end}`
}

const longestBar = 50
/** A shorter one says less than the numbers beside it. */
const shortestBar = 10

/** `[====>     ]  1.2MB/4MB`, the bar as long as there is room for it within so many columns. */
function progressText({ progressDetail = {}, progress = '' }: JsonMessage, columns: number): string {
  const { current = 0, total = 0, units, hidecounts } = progressDetail
  if (current <= 0 && total <= 0) return progress
  const show = (amount: number) => (units ? `${amount} ${units}` : humanSize(amount))
  if (total <= 0) return show(current)
  const counts = current > total ? show(current) : `${show(current)}/${show(total)}`
  const shown = hidecounts ? '' : counts
  return `${bar(current / total, columns - shown.length - ' []  '.length)}${shown}`
}

function bar(part: number, room: number): string {
  const length = Math.min(longestBar, room)
  if (length < shortestBar) return ''
  const filled = '='.repeat(Math.min(length, Math.floor(part * length)))
  return `[${`${filled}>`.slice(0, length).padEnd(length)}]  `
}
