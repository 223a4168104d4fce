import { pullImage } from '../../container/pull-image.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { parseReference } from '../../options/reference.ts'

/** `image pull`: downloads an image, or every tag of a repository. */
export async function imagePull(
  context: CommandContext,
  [image = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const { stdout } = context
  const all = flags.bool('all-tags')
  const quiet = flags.bool('quiet')
  const reference = parseReference(image)
  if (!reference) {
    throw new Error(`invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`)
  }
  const { tag, digest, fullName } = reference
  const isNameOnly = tag === undefined && digest === undefined
  if (all && !isNameOnly) throw new Error("tag can't be used with --all-tags/-a")
  if (!all && isNameOnly && !quiet) stdout.write('Using default tag: latest\n')
  await pullImage(context, image, { platform: flags.string('platform'), quiet, all, output: stdout })
  const suffix = all ? '' : `${tag || !digest ? `:${tag ?? 'latest'}` : ''}${digest ? `@${digest}` : ''}`
  stdout.write(`${fullName}${suffix}\n`)
}
