/** `run --detach --wait`. */
import { FrameDecoder } from '@gantry/client'
import { type CommandContext, ExitError, type Flags } from '../framework/command.ts'
import { timeLimit } from './time-limit.ts'
import { watchStates } from './wait-state.ts'

/** How many of the last lines show why a container did not come up. */
const shownLines = '10'

/**
 * To be called before the container is started, so that nothing of its life is missed; the result is to be called after.
 * That returns when the container is healthy or, without a health check, when it runs. It throws ExitError when the
 * container ends first (with its exit code; 1 for 0), turns unhealthy (1) or time is over (124); what it said last goes
 * to stderr. A container that its restart policy brings back has not ended.
 */
export async function watchUntilUp(
  context: CommandContext,
  id: string,
  flags: Flags,
): Promise<() => Promise<void>> {
  const { client } = context
  const { Config } = await client.call('ContainerInspect', { path: { id } })
  const kind = Config?.Healthcheck?.Test?.[0] ?? 'NONE'
  const wanted = kind === 'NONE' || kind === '' ? 'running' : 'healthy'
  const ends = ['exited', 'dead', 'removed', ...(wanted === 'healthy' ? ['unhealthy'] : [])]
  const limit = timeLimit(flags, 'wait-timeout')
  const { reached } = await watchStates(client, id, [wanted, ...ends], limit)
  return async () => {
    const { state, exitCode } = await reached.catch(async (error: unknown) => {
      if (!limit?.aborted) throw error
      throw await failure(context, id, 124, `is not ${wanted} yet`)
    })
    if (state === wanted) return
    if (state === 'unhealthy') throw await failure(context, id, 1, 'is unhealthy')
    throw await failure(
      context,
      id,
      exitCode || 1,
      `ended with exit code ${exitCode} before it was ${wanted}`,
    )
  }
}

async function failure(context: CommandContext, id: string, code: number, what: string): Promise<ExitError> {
  const name = id.slice(0, 12)
  const said = await lastWords(context, id)
  const hint = said === '' ? '' : `\n${said.trimEnd()}\n(see all of it with: ${context.program} logs ${name})`
  return new ExitError(code, `container ${name} ${what}${hint}`)
}

/** Empty when there are none, or no way to read them. */
async function lastWords({ client }: CommandContext, id: string): Promise<string> {
  try {
    const query = { stdout: true, stderr: true, tail: shownLines }
    const [{ Config }, body] = await Promise.all([
      client.call('ContainerInspect', { path: { id } }),
      client.download('ContainerLogs', { path: { id }, query }),
    ])
    return await logText(body as AsyncIterable<Buffer>, Config?.Tty === true)
  } catch {
    return ''
  }
}

async function logText(body: AsyncIterable<Buffer>, terminal: boolean): Promise<string> {
  const frames = new FrameDecoder()
  const parts: Buffer[] = []
  for await (const bytes of body) {
    parts.push(...(terminal ? [bytes] : frames.decode(bytes).map(({ data }) => data)))
  }
  return Buffer.concat(parts).toString()
}
