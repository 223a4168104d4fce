import type { CommandContext, Flags } from '../../framework/command.ts'
import { forEach } from '../each.ts'

/** `volume rm`: removes volumes. */
export async function volumeRm(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const force = flags.bool('force')
  await forEach(args, async (name) => {
    await client.call('VolumeDelete', { path: { name }, query: { ...(force && { force }) } })
    stdout.write(`${name}\n`)
  })
}
