import { messageOf } from '@gantry/errors'
import { type CommandContext, ExitError } from '../framework/command.ts'

/** How many requests are under way at once. */
const limit = 50

/**
 * Does the same to several containers at once and prints what each attempt returns (its name, usually) in the order
 * given. Failures are told together at the end, one line each; then the exit code is 1.
 */
export async function eachContainer(
  { stdout }: CommandContext,
  names: readonly string[],
  action: (name: string) => Promise<string | undefined>,
): Promise<void> {
  const problems: string[] = []
  for (let start = 0; start < names.length; start += limit) {
    const results = await Promise.allSettled(names.slice(start, start + limit).map(action))
    for (const result of results) {
      if (result.status === 'rejected') problems.push(messageOf(result.reason))
      else if (result.value !== undefined) stdout.write(`${result.value}\n`)
    }
  }
  if (problems.length > 0) throw new ExitError(1, problems.join('\n'))
}
