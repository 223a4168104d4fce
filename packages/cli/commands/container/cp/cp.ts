import type { CommandRun } from '../../../framework/command.ts'
import { splitArgument } from './paths.ts'

export interface CopyOptions {
  /** Keep owners. */
  archive: boolean
  /** Copy what a link leads to. */
  followLink: boolean
  /** Say nothing of what was copied. */
  quiet: boolean
}

/** `container cp`: copies between a container and the local file system. */
export const cp: CommandRun = async (context, [source = '', destination = ''], flags) => {
  if (source === '') throw new Error('source can not be empty')
  if (destination === '') throw new Error('destination can not be empty')
  const options: CopyOptions = {
    archive: flags.bool('archive'),
    followLink: flags.bool('follow-link'),
    quiet: flags.changed('quiet') ? flags.bool('quiet') : !context.stdout.isTTY,
  }
  const [from, to] = [splitArgument(source), splitArgument(destination)]
  if (from.container && to.container) throw new Error('copying between containers is not supported')
  if (from.container) {
    const { copyFromContainer } = await import('./from-container.ts')
    return await copyFromContainer(context, from.container, from.path, to.path, options)
  }
  if (!to.container) throw new Error('must specify at least one container source')
  const { copyToContainer } = await import('./to-container.ts')
  await copyToContainer(context, from.path, to.container, to.path, options)
}
