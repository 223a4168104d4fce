import type { CommandContext, Flags } from '../../framework/command.ts'

/** `network disconnect`: disconnects a container from a network. */
export async function networkDisconnect(
  { client }: CommandContext,
  [network = '', container = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  await client.call('NetworkDisconnect', {
    path: { id: network },
    body: { Container: container, Force: flags.bool('force') },
  })
}
