import { volumeInspectType } from '../../format/schemas/index.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { inspectEach, rawAnswer } from '../inspect-each.ts'

/** `volume inspect`: all there is to know of volumes. */
export async function volumeInspect(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  await inspectEach(stdout, args, flags.string('format'), async (name) => ({
    json: await rawAnswer(client, 'VolumeInspect', { path: { name } }),
    type: volumeInspectType,
    typedOnly: true,
  }))
}
