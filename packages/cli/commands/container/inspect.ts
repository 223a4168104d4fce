import { containerInspectType } from '../../format/schemas/index.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { inspectEach, rawAnswer } from '../inspect-each.ts'

/** `container inspect`: all there is to know of containers. */
export async function containerInspect(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const size = flags.bool('size')
  await inspectEach(stdout, args, flags.string('format'), async (id) => ({
    json: await rawAnswer(client, 'ContainerInspect', { path: { id }, query: { ...(size && { size }) } }),
    type: containerInspectType,
  }))
}
