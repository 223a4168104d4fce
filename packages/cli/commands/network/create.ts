import type { CommandContext, Flags } from '../../framework/command.ts'
import { labelMap } from '../labels.ts'
import { ipamConfigs } from './ipam.ts'

/** `network create`: makes a network and prints its id. */
export async function networkCreate(
  context: CommandContext,
  [name = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const configFrom = flags.string('config-from')
  // Engines before 1.44 make a second network of the same name unless told not to; newer ones know no such field.
  const checkDuplicate = { CheckDuplicate: true }
  const answer = await context.client.call('NetworkCreate', {
    body: {
      ...checkDuplicate,
      Name: name,
      Driver: flags.string('driver'),
      Scope: flags.string('scope'),
      Internal: flags.bool('internal'),
      Attachable: flags.bool('attachable'),
      Ingress: flags.bool('ingress'),
      ConfigOnly: flags.bool('config-only'),
      ...(configFrom && { ConfigFrom: { Network: configFrom } }),
      ...(flags.changed('ipv4') && { EnableIPv4: flags.bool('ipv4') }),
      ...(flags.changed('ipv6') && { EnableIPv6: flags.bool('ipv6') }),
      IPAM: {
        Driver: flags.string('ipam-driver'),
        Options: flags.map('ipam-opt'),
        Config: ipamConfigs({
          subnets: separated(flags, 'subnet'),
          ranges: separated(flags, 'ip-range'),
          gateways: separated(flags, 'gateway'),
          auxiliary: flags.map('aux-address'),
        }),
      },
      Options: flags.map('opt'),
      Labels: labelMap(flags.list('label')),
    },
  })
  if (answer.Warning) context.stderr.write(`WARNING: ${answer.Warning}\n`)
  context.stdout.write(`${answer.Id}\n`)
}

/** The values of a flag that also takes several at once, with commas between them. */
const separated = (flags: Flags, name: string): string[] =>
  flags.list(name).flatMap((text) => text.split(',').map((part) => part.trim()))
