import { isKind, messageOf } from '@gantry/errors'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'

/** `image rm`: removes names of images, and images that have none left. */
export async function imageRm(context: CommandContext, args: readonly string[], flags: Flags): Promise<void> {
  const force = flags.bool('force')
  const platforms = flags.list('platform').map((text) => encodePlatform(text, ''))
  const query = {
    ...(force && { force }),
    ...(flags.bool('no-prune') && { noprune: true }),
    ...(platforms.length > 0 && { platforms }),
  }
  const errors: string[] = []
  let onlyMissing = true
  for (const name of args) {
    try {
      const removed = await context.client.call('ImageDelete', { path: { name }, query })
      for (const { Deleted: deleted, Untagged: untagged } of removed) {
        context.stdout.write(deleted ? `Deleted: ${deleted}\n` : `Untagged: ${untagged}\n`)
      }
    } catch (error) {
      if (!isKind(error, 'NotFound')) onlyMissing = false
      errors.push(messageOf(error))
    }
  }
  if (errors.length === 0) return
  const text = errors.join('\n')
  if (!force || !onlyMissing) throw new ExitError(1, text)
  // What was to go is not there: good enough when forced.
  context.stderr.write(`${text}\n`)
}
