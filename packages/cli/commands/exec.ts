import { detachKeys } from '../container/attached.ts'
import { consoleSize, runExec } from '../container/exec-attached.ts'
import type { CommandRun } from '../framework/command.ts'
import { readVariables } from '../options/key-values.ts'
import { checkTerminal } from '../streams/terminal.ts'

/** `gantry exec`: runs a command in a running container and ends with its exit code. */
export const exec: CommandRun = async (context, [container = '', ...command], flags) => {
  const { client } = context
  const detach = flags.bool('detach')
  const tty = flags.bool('tty')
  const interactive = flags.bool('interactive') && !detach
  const keys = detachKeys(context, flags)
  const env = readVariables(flags.list('env-file'), flags.list('env'), context.env)
  if (interactive && tty && !context.stdin.isTTY) {
    // A container that is not there is the worse mistake.
    await client.call('ContainerInspect', { path: { id: container } })
    checkTerminal(context, interactive, tty)
  }
  const { Id: id } = await client.call('ContainerExec', {
    path: { id: container },
    body: {
      User: flags.string('user'),
      WorkingDir: flags.string('workdir'),
      Privileged: flags.bool('privileged'),
      Tty: tty,
      AttachStdin: interactive,
      AttachStdout: !detach,
      AttachStderr: !detach,
      Cmd: command,
      ...(env.length > 0 && { Env: env }),
      ...(keys.text !== undefined && { DetachKeys: keys.text }),
      ...consoleSize(context, tty),
    },
  })
  if (detach) {
    await client.call('ExecStart', { path: { id }, body: { Detach: true, Tty: tty } })
    return 0
  }
  return await runExec(context, id, { tty, interactive: flags.bool('interactive'), detachKeys: keys.bytes })
}
