import { detachKeys, killContainer, resizeContainer } from '../container/attached.ts'
import { checkPullPolicy, createContainer } from '../container/create-container.ts'
import { type CreateBody, createRequest } from '../container/create-request.ts'
import { exitStatus, watchExit } from '../container/exit-status.ts'
import { helpError, runError } from '../container/run-error.ts'
import { watchUntilUp } from '../container/wait-until-up.ts'
import { type CommandContext, type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { copyStreams } from '../streams/copy-streams.ts'
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
  const { client, stdout, stderr } = context
  const keys = detachKeys(context, flags)
  const query = {
    stream: true,
    stdin: body.AttachStdin === true,
    stdout: body.AttachStdout === true,
    stderr: body.AttachStderr === true,
    ...(keys.text !== undefined && { detachKeys: keys.text }),
  }
  const [{ stream }, watch] = await Promise.all([
    client.hijack('ContainerAttach', { path: { id }, query }),
    watchExit(client, id, flags.bool('rm')),
  ])
  const tty = body.Tty === true
  const copied = copyStreams(stream, {
    tty,
    stdout,
    stderr,
    ...(body.AttachStdin && { stdin: context.stdin, detachKeys: keys.bytes }),
  })
  try {
    await client.call('ContainerStart', { path: { id } })
  } catch (error) {
    stream.destroy()
    await copied.catch(() => {})
    if (flags.bool('rm')) await watch.answer.catch(() => {})
    throw runError(error, context.program)
  }
  using _size = tty && stdout.isTTY ? followSize(context, resizeContainer(context, id)) : null
  if ((await copied) === 'detached') return 0
  return await exitStatus(watch, stderr)
}
