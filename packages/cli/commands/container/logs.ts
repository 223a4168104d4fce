import type { Request } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { isLost, reconnected } from '../../container/reconnect.ts'
import { timestamp } from '../../format/timestamps.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { copyOutput } from '../../streams/copy-streams.ts'
import { Progress, resumableHeader } from '../../streams/progress.ts'

/** `container logs`: what a container has written. */
export async function containerLogs(
  context: CommandContext,
  [id = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const { client, stdout, stderr } = context
  if (flags.bool('clear')) {
    await client.call('ContainerLogsClear', { path: { id } })
    return
  }
  const container = await client.call('ContainerInspect', { path: { id } })
  const since = moment(flags, 'since')
  const until = moment(flags, 'until')
  const query = {
    stdout: true,
    stderr: true,
    ...(flags.bool('follow') && { follow: true }),
    ...(flags.bool('timestamps') && { timestamps: true }),
    ...(flags.bool('details') && { details: true }),
    // With nanoseconds after the point: more digits than a number holds.
    ...(since && { since: since as unknown as number }),
    ...(until && { until: until as unknown as number }),
    tail: flags.string('tail'),
  }
  const path = { id: container.Id ?? id }
  const outputs = { stdout, stderr, raw: container.Config?.Tty === true }
  if (!flags.bool('follow')) {
    const output = await client.download('ContainerLogs', { path, query })
    await copyOutput({ ...outputs, output })
    return
  }
  const following = { path, query: { ...query, resumable: true } }
  const { headers, body: output } = await client.response('ContainerReadOn', following)
  const place = headers[resumableHeader]
  if (place === undefined) await copyOutput({ ...outputs, output })
  else await follow(context, following, output)
}

/** Shows the log to its end, with other daemons if need be. */
async function follow(
  context: CommandContext,
  { path, query }: { path: { id: string }; query: Request<'ContainerReadOn'>['query'] },
  begun: AsyncIterable<Buffer>,
): Promise<void> {
  const { client, stdout, stderr } = context
  const progress = new Progress(undefined)
  for (let output: AsyncIterable<Buffer> | null = begun; ; ) {
    if (output && (await copyOutput({ output, raw: false, stdout, stderr, progress })) === 'ended') return
    await reconnected(context, `container ${path.id}`)
    const start = progress.place
    progress.startAgain()
    output = await client
      .download('ContainerReadOn', { path, query: { ...query, ...(start && { start }) } })
      .catch((error: unknown) => {
        if (!isLost(error)) throw error
        return null
      })
  }
}

function moment(flags: Flags, name: 'since' | 'until'): string | undefined {
  const text = flags.string(name)
  if (text === '') return undefined
  try {
    return timestamp(text)
  } catch (error) {
    throw new Error(`invalid value for "${name}": ${messageOf(error)}`)
  }
}
