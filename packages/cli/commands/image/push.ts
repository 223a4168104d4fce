import { registryAuth } from '@gantry/client'
import type { JsonMessage } from '../../format/json-messages.ts'
import { showTransfer } from '../../format/transfers.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { encodePlatform } from '../../options/platform.ts'
import { parseReference } from '../../options/reference.ts'
import { writeNote } from '../../streams/note.ts'

const platformNote = `Using --platform pushes only the specified platform manifest of a multi-platform image index.
Other components, like attestations, will not be included.
To push the complete multi-platform image, remove the --platform flag.
`

/** `image push`: uploads an image, or every tag of a repository. */
export async function imagePush(
  context: CommandContext,
  [image = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, config, stdout, stderr } = context
  const all = flags.bool('all-tags')
  const quiet = flags.bool('quiet')
  const platform = flags.string('platform') && encodePlatform(flags.string('platform'))
  if (platform) writeNote(stdout, platformNote)
  const reference = parseReference(image)
  if (!reference) {
    throw new Error(`invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`)
  }
  const { name, fullName, tag, digest } = reference
  const isNameOnly = tag === undefined && digest === undefined
  if (all && !isNameOnly) throw new Error("tag can't be used with --all-tags/-a")
  if (digest !== undefined) throw new Error('cannot push a digest reference')
  if (!all && isNameOnly && !quiet) stdout.write('Using default tag: latest\n')
  const messages = client.values<JsonMessage>('ImagePush', {
    path: { name: fullName },
    query: { ...(!all && { tag: tag ?? 'latest' }), ...(platform && { platform }) },
    headers: { 'X-Registry-Auth': await registryAuth(config, name) },
  })
  const notes: string[] = []
  await showTransfer(noting(messages, notes), { quiet, output: stdout })
  if (quiet) stdout.write(`${fullName}${all ? '' : `:${tag ?? 'latest'}`}\n`)
  for (const note of notes) stderr.write(note)
}

interface PushedAlone {
  manifestPushedInsteadOfIndex?: boolean
  originalIndex?: { digest?: string }
  selectedManifest?: { digest?: string }
}

/** Collects what the user should know besides the progress. */
async function* noting(messages: AsyncIterable<JsonMessage>, notes: string[]): AsyncIterable<JsonMessage> {
  for await (const message of messages) {
    const aux = message.aux as PushedAlone | undefined
    if (aux?.manifestPushedInsteadOfIndex) {
      const change = `${aux.originalIndex?.digest} -> ${aux.selectedManifest?.digest}`
      notes.push(
        `\n i Info → Not all multiplatform-content is present and only the available single-platform image was pushed\n         ${change}\n`,
      )
    }
    yield message
  }
}
