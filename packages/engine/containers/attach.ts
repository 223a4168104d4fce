import { Readable } from 'node:stream'
import { GantryError, isKind } from '@gantry/errors'
import { type LogBlock, type OutputFrame, RecordScanner, type Task } from '@gantry/runtime'
import type { AttachOptions, AttachSession } from '../contracts.ts'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { parseDetachKeys } from './detach-keys.ts'
import { isUp } from './state.ts'
import { StdioSession } from './stdio-session.ts'

type AttachDependencies = Pick<ContainerDependencies, 'events' | 'logs'>

/**
 * Opens a client's connection to a container's stdio. For a container that has not started, it joins at the start,
 * before the process runs. Throws InvalidParameter for detach keys, Conflict for a paused or restarting container.
 */
export async function attach(
  container: Container,
  options: AttachOptions,
  deps: AttachDependencies,
): Promise<AttachSession> {
  const { config, state } = container.record
  const detachKeys = parseDetachKeys(options.detachKeys ?? '')
  refuse(container, state.status)
  const forgets: (() => void)[] = []
  const session = new StdioSession({
    terminal: config.Tty ?? false,
    stdin: Boolean(options.stdin && options.stream && config.OpenStdin),
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    detachKeys: config.Tty ? detachKeys : null,
    onDetach: () => announce(deps.events, container, 'detach'),
    onClose: () => {
      for (const forget of forgets) forget()
    },
  })
  announce(deps.events, container, 'attach')
  const place = options.resumable ? await deps.logs.end(container.record) : null
  if (options.logs) {
    const controller = new AbortController()
    forgets.push(() => controller.abort())
    await replay(container, session, options.stream ?? false, controller.signal, deps)
  } else if (!options.stream || !wantsAnything(options)) session.close()
  else if (container.task) {
    if (await joinNow(container, container.task, session)) session.begin = place
  } else {
    session.begin = place
    forgets.push(joinAtStart(container, session))
  }
  return session
}

function wantsAnything({ stdin, stdout, stderr }: AttachOptions): boolean {
  return Boolean(stdin || stdout || stderr)
}

function refuse({ id }: Container, status: string): void {
  if (status === 'paused') {
    throw new GantryError('Conflict', `Container ${id} is paused, unpause the container before attach`)
  }
  if (status === 'restarting') {
    throw new GantryError('Conflict', `Container ${id} is restarting, wait until the container is running`)
  }
}

/**
 * A process that has just ended, unknown to the container's row yet, has nothing more to say. Whether what the session
 * gets is what the log gets from now on: other clients may not have been given yet what is in the log already.
 */
async function joinNow(container: Container, task: Task, session: StdioSession): Promise<boolean> {
  try {
    const attachment = await task.attach({ stdin: session.stdin !== null })
    session.connect(attachment)
    return attachment.isFirst
  } catch (error) {
    if (!isKind(error, 'Conflict')) throw error
    void Promise.resolve(container.ended).then(() => session.close())
    return false
  }
}

/** Once joined, the process's side says when it is drained: a slow client has more to read when the container is gone. */
function joinAtStart(container: Container, session: StdioSession): () => void {
  let joined = false
  return container.observe({
    created: async (task) => {
      session.connect(await task.attach({ stdin: session.stdin !== null }))
      joined = true
    },
    startFailed: () => session.close(),
    removed: () => {
      if (!joined) session.close()
    },
  })
}

/** The log has every byte in order, so what comes later is followed there too: nothing is missed, nothing told twice. */
async function replay(
  container: Container,
  session: StdioSession,
  stream: boolean,
  signal: AbortSignal,
  { logs }: AttachDependencies,
): Promise<void> {
  const ended = isUp(container.record.state) ? container.ended : Promise.resolve()
  const blocks = logs.read(container.record, { follow: stream, signal }, ended)
  const input = stream && session.stdin && container.task ? await container.task.attach() : null
  input?.output.resume()
  session.connect({
    output: Readable.from(framesOf(blocks), { objectMode: true, highWaterMark: 1 }),
    stdin: input?.stdin ?? null,
    close: () => input?.close(),
  })
}

/** The output in blocks of a log, record by record. They share the blocks' memory. */
export async function* framesOf(blocks: AsyncIterable<LogBlock>): AsyncGenerator<OutputFrame> {
  for await (const { bytes } of blocks) {
    const records = new RecordScanner(bytes)
    while (records.next()) yield { stream: records.stream, data: records.data }
  }
}
