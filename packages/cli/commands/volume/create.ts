import type { CommandContext, Flags } from '../../framework/command.ts'
import { labelMap } from '../labels.ts'
import { clusterSpec } from './cluster-spec.ts'

/** `volume create`: makes a volume and prints its name. */
export async function volumeCreate(
  context: CommandContext,
  [name = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const cluster = clusterSpec(flags)
  const volume = await context.client.call('VolumeCreate', {
    body: {
      Name: name,
      Driver: flags.string('driver'),
      DriverOpts: flags.map('opt'),
      Labels: labelMap(flags.list('label')),
      ...(cluster && { ClusterVolumeSpec: cluster }),
    },
  })
  context.stdout.write(`${volume.Name}\n`)
}
