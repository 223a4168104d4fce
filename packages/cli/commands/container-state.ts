/** Commands that change the state of containers and print their names. */
import { isKind } from '@gantry/errors'
import { eachContainer } from '../container/each-container.ts'
import { type CommandRun, ExitError, type Flags } from '../framework/command.ts'

/** `-t`, or the older `--time`, in seconds; undefined leaves it to the container. */
function timeout(flags: Flags): { t?: number } {
  const flag = ['timeout', 'time'].find((name) => flags.changed(name))
  return flag === undefined ? {} : { t: flags.number(flag) }
}

function signal(flags: Flags): { signal?: string } {
  return flags.string('signal') === '' ? {} : { signal: flags.string('signal') }
}

export const stop: CommandRun = (context, names, flags) => {
  if (flags.changed('timeout') && flags.changed('time')) throw bothTimeouts()
  return eachContainer(context, names, async (id) => {
    await context.client.call('ContainerStop', {
      path: { id },
      query: { ...signal(flags), ...timeout(flags) },
    })
    return id
  })
}

export const restart: CommandRun = (context, names, flags) => {
  if (flags.changed('timeout') && flags.changed('time')) throw bothTimeouts()
  return eachContainer(context, names, async (id) => {
    await context.client.call('ContainerRestart', {
      path: { id },
      query: { ...signal(flags), ...timeout(flags) },
    })
    return id
  })
}

const bothTimeouts = () => new ExitError(1, 'conflicting options: cannot specify both --timeout and --time')

export const kill: CommandRun = (context, names, flags) =>
  eachContainer(context, names, async (id) => {
    await context.client.call('ContainerKill', {
      path: { id },
      query: signal(flags),
    })
    return id
  })

export const pause: CommandRun = (context, names) =>
  eachContainer(context, names, async (id) => {
    await context.client.call('ContainerPause', { path: { id } })
    return id
  })

export const unpause: CommandRun = (context, names) =>
  eachContainer(context, names, async (id) => {
    await context.client.call('ContainerUnpause', { path: { id } })
    return id
  })

export const remove: CommandRun = (context, names, flags) => {
  const force = flags.bool('force')
  return eachContainer(context, names, async (name) => {
    const id = name.replace(/^\/+|\/+$/g, '')
    if (id === '') throw new Error('container name cannot be empty')
    try {
      const query = {
        ...(flags.bool('volumes') && { v: true }),
        ...(flags.bool('link') && { link: true }),
        ...(force && { force }),
      }
      await context.client.call('ContainerDelete', { path: { id }, query })
      return name
    } catch (error) {
      // With --force there is nothing wrong with a container that is gone already.
      if (!force || !isKind(error, 'NotFound')) throw error
      context.stderr.write(`${error.message}\n`)
      return undefined
    }
  })
}

export const rename: CommandRun = async (context, [oldName = '', newName = '']) => {
  const [id, name] = [oldName.trim(), newName.trim()]
  if (id === '' || name === '') throw new Error('Error: Neither old nor new names may be empty')
  try {
    await context.client.call('ContainerRename', { path: { id }, query: { name } })
  } catch (error) {
    context.stderr.write(`${(error as Error).message}\n`)
    throw new Error(`Error: failed to rename container named ${id}`, { cause: error })
  }
}
