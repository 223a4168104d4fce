import type { CommandContext, Flags } from '../../framework/command.ts'

/** `network connect`: connects a container to a network. */
export async function networkConnect(
  { client }: CommandContext,
  [network = '', container = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const linkLocal = flags.list('link-local-ip').flatMap((text) => text.split(','))
  const [ip, ip6] = [flags.string('ip'), flags.string('ip6')]
  const priority = flags.number('gw-priority')
  await client.call('NetworkConnect', {
    path: { id: network },
    body: {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          ...(ip && { IPv4Address: ip }),
          ...(ip6 && { IPv6Address: ip6 }),
          ...(linkLocal.length > 0 && { LinkLocalIPs: linkLocal }),
        },
        Links: flags.list('link'),
        Aliases: flags.list('alias'),
        DriverOpts: driverOptions(flags.list('driver-opt')),
        ...(priority !== 0 && { GwPriority: priority }),
      },
    },
  })
}

function driverOptions(texts: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    const key = text.slice(0, Math.max(equals, 0)).trim()
    if (!key) throw new Error('invalid key/value pair format in driver options')
    options[key] = text.slice(equals + 1).trim()
  }
  return options
}
