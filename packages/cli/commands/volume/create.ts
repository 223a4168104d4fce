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
      ...nonEmpty('DriverOpts', flags.map('opt')),
      ...nonEmpty('Labels', labelMap(flags.list('label'))),
      ...(cluster && { ClusterVolumeSpec: cluster }),
    },
  })
  context.stdout.write(`${volume.Name}\n`)
}

/** A volume without options is not one with an empty set of them: the engine shows the difference. */
const nonEmpty = <K extends string>(
  name: K,
  map: Record<string, string>,
): { [P in K]?: Record<string, string> } =>
  (Object.keys(map).length > 0 ? { [name]: map } : {}) as { [P in K]?: Record<string, string> }
