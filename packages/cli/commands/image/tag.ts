import { messageOf } from '@gantry/errors'
import type { CommandContext } from '../../framework/command.ts'
import { parseReference } from '../../options/reference.ts'

/** `image tag`: gives an image another name. */
export async function imageTag(
  { client }: CommandContext,
  [source = '', target = '']: readonly string[],
): Promise<void> {
  check(source)
  const reference = check(target)
  if (!reference) {
    const reason = `invalid repository name (${target}), cannot specify 64-byte hexadecimal strings`
    throw new Error(
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${reason}`,
    )
  }
  if (reference.digest !== undefined) throw new Error('refusing to create a tag with a digest reference')
  await client.call('ImageTag', {
    path: { name: source },
    query: { repo: reference.name, tag: reference.tag ?? 'latest' },
  })
}

function check(text: string): ReturnType<typeof parseReference> {
  try {
    return parseReference(text)
  } catch (error) {
    const problem = `${JSON.stringify(text)} is not a valid repository/tag: ${messageOf(error)}`
    throw new Error(`Error parsing reference: ${problem}`)
  }
}
