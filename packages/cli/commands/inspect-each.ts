import { text } from 'node:stream/consumers'
import type { Client, OperationName, Request } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { type Inspected, inspectorFor } from '../format/inspect.ts'
import { ExitError, type Output } from '../framework/command.ts'

/**
 * Prints the objects of these names by the format. What is found is printed even if something is not; then throws an
 * ExitError with the errors, a line each.
 */
export async function inspectEach(
  output: Output,
  names: readonly string[],
  format: string,
  find: (name: string) => Promise<Inspected>,
): Promise<void> {
  const inspector = inspectorFor(format)
  const errors: string[] = []
  for (const name of names) {
    try {
      inspector.add(await find(name))
    } catch (error) {
      errors.push(messageOf(error))
    }
  }
  output.write(inspector.text())
  if (errors.length > 0) throw new ExitError(1, errors.join('\n'))
}

/** The answer of an operation as the text it came in. */
export async function rawAnswer<O extends OperationName>(
  client: Client,
  operation: O,
  request: Request<O>,
): Promise<string> {
  return (await text(await client.download(operation, request))).trim()
}
