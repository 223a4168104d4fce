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
  const text = messageText(message, '', output.columns)
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
  const bar = columns === undefined ? '' : progressText(message, columns)
  const rate = message.rate ? `  ${message.rate}` : ''
  return `${id}${message.status ?? ''}${bar && ` ${bar}`}${rate}${end}`
}

/** `[====>     ]  1.2MB/4MB`: the bar only where there is room for it. */
function progressText({ progressDetail = {}, progress = '' }: JsonMessage, columns: number): string {
  const { current = 0, total = 0, units, hidecounts } = progressDetail
  if (current <= 0 && total <= 0) return progress
  const show = (amount: number) => (units ? `${amount} ${units}` : humanSize(amount))
  if (total <= 0) return show(current)
  const filled = Math.min(50, Math.floor((current / total) * 50))
  const bar = columns > 110 ? `[${`${'='.repeat(filled)}>`.slice(0, 50).padEnd(50)}]  ` : ''
  if (hidecounts) return bar
  return `${bar}${current > total ? show(current) : `${show(current)}/${show(total)}`}`
}
