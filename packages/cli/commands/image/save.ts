import { pipeline } from 'node:stream/promises'
import { messageOf } from '@gantry/errors'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { writeWhole } from './files.ts'
import { encodePlatform } from './platform.ts'

/** `image save`: writes images into a tar archive. */
export async function imageSave(
  context: CommandContext,
  names: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, stdout } = context
  const platform = flags.list('platform').map(encodePlatform)
  const output = flags.string('output')
  if (output === '' && stdout.isTTY) {
    throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect')
  }
  const archive = () =>
    client.download('ImageGetAll', { query: { names: [...names], ...(platform.length > 0 && { platform }) } })
  if (output === '') return pipeline(await archive(), stdout, { end: false })
  let asked = false
  try {
    await writeWhole(output, () => {
      asked = true
      return archive()
    })
  } catch (error) {
    throw asked ? error : new Error(`failed to save image: ${messageOf(error)}`)
  }
}
