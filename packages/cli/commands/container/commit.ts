import type { CommandRun } from '../../framework/command.ts'
import { parseReference } from '../../options/reference.ts'

/** `container commit`: an image of a container as it is. */
export const commit: CommandRun = async ({ client, stdout }, [container = '', name = ''], flags) => {
  const reference = name === '' ? undefined : parseReference(name)
  if (name !== '' && !reference) {
    throw new Error(`invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`)
  }
  if (reference?.digest !== undefined) throw new Error('refusing to create a tag with a digest reference')
  const changes = flags.list('change')
  const { Id } = await client.call('ImageCommit', {
    query: {
      container,
      ...(reference && { repo: reference.name, tag: reference.tag ?? 'latest' }),
      comment: flags.string('message'),
      author: flags.string('author'),
      // The API's description knows one, the engine takes several.
      ...(changes.length > 0 && { changes: changes as unknown as string }),
      ...(!flags.bool('pause') && { pause: false }),
    },
  })
  stdout.write(`${Id}\n`)
}
