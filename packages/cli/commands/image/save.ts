import { writeArchive } from '../../files/whole-file.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'

/** `image save`: writes images into a tar archive. */
export async function imageSave(
  context: CommandContext,
  names: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, stdout } = context
  const platform = flags.list('platform').map((text) => encodePlatform(text))
  const archive = () =>
    client.download('ImageGetAll', { query: { names: [...names], ...(platform.length > 0 && { platform }) } })
  await writeArchive(stdout, flags.string('output'), archive, 'failed to save image')
}
