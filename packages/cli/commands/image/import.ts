import type { Readable } from 'node:stream'
import { openInput } from '../../files/whole-file.ts'
import { type JsonMessage, showMessages } from '../../format/json-messages.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { parseReference } from '../../options/reference.ts'

/** `image import`: makes an image of a file system in a tar archive. */
export async function imageImport(
  { client, stdin, stdout }: CommandContext,
  [source = '', reference = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const fromUrl = /^https?:\/\//.test(source)
  const body: Readable | undefined = fromUrl ? undefined : source === '-' ? stdin : await openInput(source)
  if (reference !== '') checkName(reference)
  const message = flags.string('message')
  const platform = flags.string('platform')
  const changes = flags.list('change')
  const messages = client.values<JsonMessage>('ImageCreate', {
    query: {
      fromSrc: fromUrl ? source : '-',
      ...(reference && { repo: reference }),
      ...(message && { message }),
      ...(platform && { platform: platform.toLowerCase() }),
      ...(changes.length > 0 && { changes }),
    },
    ...(body && { body, headers: { 'Content-Type': 'text/plain' } }),
  })
  await showMessages(messages, stdout)
}

function checkName(reference: string): void {
  if (parseReference(reference)) return
  throw new RangeError(`invalid repository name (${reference}), cannot specify 64-byte hexadecimal strings`)
}
