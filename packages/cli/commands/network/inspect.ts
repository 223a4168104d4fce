import { networkInspectType } from '../../format/schemas/index.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { inspectEach, rawAnswer } from '../inspect-each.ts'

/** `network inspect`: all there is to know of networks. */
export async function networkInspect(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const verbose = flags.bool('verbose')
  await inspectEach(stdout, args, flags.string('format'), async (id) => ({
    json: await rawAnswer(client, 'NetworkInspect', { path: { id }, query: { ...(verbose && { verbose }) } }),
    type: networkInspectType,
  }))
}
