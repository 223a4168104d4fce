import type { Output } from '../framework/command.ts'
import type { JsonMessage } from './json-messages.ts'

export interface TransferView {
  quiet: boolean
  output: Output
}

/**
 * Shows a pull or push to its end: on a terminal with rates, quietly not at all. Throws an Error with the text of a message
 * that reports one.
 */
export async function showTransfer(
  messages: AsyncIterable<JsonMessage>,
  { quiet, output }: TransferView,
): Promise<void> {
  if (quiet) {
    for await (const message of messages) throwReported(message)
    return
  }
  const { showMessages } = await import('./json-messages.ts')
  if (!output.isTTY) return await showMessages(messages, output)
  const { withRates } = await import('./transfer-rates.ts')
  await showMessages(withRates(messages), output)
}

/** Throws an Error with the text of an error that the message reports. */
export function throwReported({ error, errorDetail }: JsonMessage): void {
  const text = errorDetail?.message ?? error
  if (text !== undefined) throw new Error(text)
}
