import { detachKeys, killContainer, resizeContainer } from '../container/attached.ts'
import { checkPullPolicy, createContainer } from '../container/create-container.ts'
import { type CreateBody, createRequest } from '../container/create-request.ts'
import { watchExit } from '../container/exit-status.ts'
import { joinContainer } from '../container/joined-container.ts'
import { helpError, runError } from '../container/run-error.ts'
import { startAcross } from '../container/start-across.ts'
import { watchUntilUp } from '../container/wait-until-up.ts'
import { type CommandContext, type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { proxySignals } from '../streams/signals.ts'
import { checkTerminal, followSize } from '../streams/terminal.ts'

/** `gantry run`: makes a container, starts it and, unless detached, shows its output and ends with its exit code. */
export const run: CommandRun = async (context, args, flags) => {
  const body = readRequest(context, args, flags)
  if (flags.bool('detach')) return runDetached(context, body, flags)
  if (flags.bool('wait')) throw new ExitError(125, 'conflicting options: --wait needs --detach')
  checkTerminal(context, body.AttachStdin === true, body.Tty === true)
  const id = await createContainer(context, body, flags).catch((error: unknown) => {
    throw runError(error, context.program)
  })
  using _signals = flags.bool('sig-proxy') ? proxySignals(killContainer(context, id)) : null
  if (!body.AttachStdin && !body.AttachStdout && !body.AttachStderr) {
    await start(context, id, flags)
    context.stdout.write(`${id}\n`)
    return 0
  }
  return await runAttached(context, id, body, flags)
}

function readRequest(context: CommandContext, args: readonly string[], flags: Flags): CreateBody {
  try {
    checkPullPolicy(flags.string('pull'))
    return createRequest(args, flags, context.env)
  } catch (error) {
    throw helpError(error, context.program, 'run')
  }
}

/** With `-d`: the id is printed as soon as there is one, and the container is on its own once it runs. */
async function runDetached(context: CommandContext, body: CreateBody, flags: Flags): Promise<number> {
  if (flags.changed('attach')) {
    throw new ExitError(1, 'conflicting options: cannot specify both --attach and --detach')
  }
  const detached = { ...body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false }
  const id = await createContainer(context, detached, flags).catch((error: unknown) => {
    throw runError(error, context.program)
  })
  context.stdout.write(`${id}\n`)
  const untilUp = flags.bool('wait') ? await watchUntilUp(context, id, flags) : undefined
  await start(context, id, flags)
  await untilUp?.()
  return 0
}

/** Starts the container; one that is to be removed at its end is waited for if it could not start. */
async function start(context: CommandContext, id: string, flags: Flags): Promise<void> {
  const watch =
    flags.bool('rm') && !flags.bool('detach') ? await watchExit(context.client, id, true) : undefined
  try {
    await context.client.call('ContainerStart', { path: { id } })
  } catch (error) {
    await watch?.answer.catch(() => {})
    throw runError(error, context.program)
  }
}

/** Attaches first, so that nothing of the output is missed, then starts. */
async function runAttached(
  context: CommandContext,
  id: string,
  body: CreateBody,
  flags: Flags,
): Promise<number> {
  const tty = body.Tty === true
  const joined = await joinContainer(context, id, {
    tty,
    stdin: body.AttachStdin === true,
    stdout: body.AttachStdout === true,
    stderr: body.AttachStderr === true,
    stdinOnce: body.StdinOnce === true,
    keys: detachKeys(context, flags),
    condition: flags.bool('rm') ? 'removed' : 'next-exit',
  })
  const copied = joined.copy()
  try {
    await startAcross(context, id, { hasInput: body.AttachStdin === true })
  } catch (error) {
    await joined.abandon(copied)
    throw runError(error, context.program)
  }
  using _size = tty && context.stdout.isTTY ? followSize(context, resizeContainer(context, id)) : null
  const code = await joined.finish(await copied)
  return code === 'detached' ? 0 : code
}
