import { imageInspectType } from '../../format/schemas/index.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'
import { inspectEach, rawAnswer } from '../inspect-each.ts'

/** `image inspect`: all there is to know of images. */
export async function imageInspect(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const platform = flags.string('platform')
  const query = platform ? { platform: encodePlatform(platform, '') } : {}
  await inspectEach(stdout, args, flags.string('format'), async (name) => ({
    json: await rawAnswer(client, 'ImageInspect', { path: { name }, query }),
    type: imageInspectType,
  }))
}
