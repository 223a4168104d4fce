import { messageOf } from '@gantry/errors'
import { ExitError } from '../framework/command.ts'

/**
 * Does `action` with each of the names, one after another, also when one fails. Throws an ExitError with all the errors,
 * a line each.
 */
export async function forEach(
  names: readonly string[],
  action: (name: string) => Promise<void>,
): Promise<void> {
  const errors: string[] = []
  for (const name of names) {
    try {
      await action(name)
    } catch (error) {
      errors.push(messageOf(error))
    }
  }
  if (errors.length > 0) throw new ExitError(1, errors.join('\n'))
}
