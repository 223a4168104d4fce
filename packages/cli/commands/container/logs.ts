import { once } from 'node:events'
import { FrameDecoder } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { timestamp } from '../../format/timestamps.ts'
import type { CommandContext, Flags, Output } from '../../framework/command.ts'

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
  const body = await client.download('ContainerLogs', { path: { id: container.Id ?? id }, query })
  const frames = container.Config?.Tty ? undefined : new FrameDecoder()
  for await (const bytes of body as AsyncIterable<Buffer>) {
    if (!frames) await write(stdout, bytes)
    else {
      for (const { stream, data } of frames.decode(bytes))
        await write(stream === 'stderr' ? stderr : stdout, data)
    }
  }
}

/** Waits while the reader of our output is slower than the engine. */
async function write(output: Output, bytes: Buffer): Promise<void> {
  if (!output.write(bytes)) await once(output, 'drain')
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
