import { openInput } from '../../files/whole-file.ts'
import { type JsonMessage, showMessages } from '../../format/json-messages.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'

/** `image load`: takes in images that `image save` wrote. */
export async function imageLoad(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, stdout } = context
  const file = flags.string('input')
  if (file === '' && context.stdin.isTTY) throw new Error('requested load from stdin, but stdin is empty')
  const body = file === '' ? context.stdin : await openInput(file)
  const platform = flags.list('platform').map((text) => encodePlatform(text))
  const messages = client.values<JsonMessage>('ImageLoad', {
    query: { quiet: flags.bool('quiet') || !stdout.isTTY, ...(platform.length > 0 && { platform }) },
    headers: { 'Content-Type': 'application/x-tar' },
    body,
  })
  await showMessages(messages, stdout)
}
