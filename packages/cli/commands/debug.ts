import { ApiError } from '@gantry/client'
import { detachKeys } from '../container/attached.ts'
import { consoleSize, runExec } from '../container/exec-attached.ts'
import type { CommandRun } from '../framework/command.ts'
import { readVariables } from '../options/key-values.ts'
import { checkTerminal } from '../streams/terminal.ts'

/** `gantry debug`: a shell, or a command, with tools beside those of a container, or instead of them. */
export const debug: CommandRun = async (context, [container = '', ...command], flags) => {
  const { client } = context
  // Without a command it is for a person, who has a terminal if there is one.
  const shell = command.length === 0
  const isTerminal = context.stdin.isTTY === true && context.stdout.isTTY
  const tty = flags.changed('tty') ? flags.bool('tty') : shell && isTerminal
  const interactive = flags.changed('interactive') ? flags.bool('interactive') : shell
  checkTerminal(context, interactive, tty)
  const keys = detachKeys(context, flags)
  const image = flags.string('image')
  const env = readVariables(flags.list('env-file'), flags.list('env'), context.env)
  const request = {
    path: { id: container },
    query: image ? { image } : {},
    body: {
      User: flags.string('user'),
      WorkingDir: flags.string('workdir'),
      Privileged: flags.bool('privileged'),
      Tty: tty,
      AttachStdin: interactive,
      AttachStdout: true,
      AttachStderr: true,
      Cmd: shell ? ['sh'] : command,
      Env: [...(shell ? [`PS1=debug ${container} \\w # `] : []), ...env],
      ...(keys.text !== undefined && { DetachKeys: keys.text }),
      ...consoleSize(context, tty),
    },
  }
  const create = () => client.call('ContainerDebug', request)
  const { Id: id } = await create().catch(async (error: unknown) => {
    if (!image || !(error instanceof ApiError) || !/no such image/i.test(error.message)) throw error
    const { pullImage } = await import('../container/pull-image.ts')
    await pullImage(context, image, {})
    return await create()
  })
  return await runExec(context, id, { tty, interactive, detachKeys: keys.bytes })
}
