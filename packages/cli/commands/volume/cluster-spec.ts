/** Volumes of a cluster: what the flags of `volume create` say of them. */
import type { VolumeCreateRequest } from '@gantry/api'
import type { Flags } from '../../framework/command.ts'

const clusterFlags = [
  'availability',
  'group',
  'limit-bytes',
  'required-bytes',
  'scope',
  'secret',
  'sharing',
  'topology-preferred',
  'topology-required',
  'type',
]

/** The specification of a cluster volume; undefined when no flag asks for one. */
export function clusterSpec(flags: Flags): VolumeCreateRequest['ClusterVolumeSpec'] {
  if (!clusterFlags.some((name) => flags.changed(name))) return undefined
  const type = flags.string('type')
  if (type !== 'block' && type !== 'mount')
    throw new Error(`invalid value for "type": ${JSON.stringify(type)}`)
  const secrets = Object.entries(flags.map('secret')).sort(([a], [b]) => (a < b ? -1 : 1))
  const spec = {
    Group: flags.string('group'),
    AccessMode: {
      Scope: flags.string('scope'),
      Sharing: flags.string('sharing'),
      ...(type === 'mount' ? { MountVolume: {} } : { BlockVolume: {} }),
    },
    Availability: flags.string('availability'),
    CapacityRange: { RequiredBytes: flags.bytes('required-bytes'), LimitBytes: flags.bytes('limit-bytes') },
    Secrets: secrets.map(([Key, Secret]) => ({ Key, Secret })),
    AccessibilityRequirements: {
      Requisite: topologies(flags.list('topology-required')),
      Preferred: topologies(flags.list('topology-preferred')),
    },
  }
  return spec as VolumeCreateRequest['ClusterVolumeSpec']
}

/** `region=R1,zone=Z1` */
const topologies = (texts: readonly string[]) =>
  texts.map((text) => ({
    Segments: Object.fromEntries(
      text.split(',').map((part) => [part.split('=')[0], part.split('=').slice(1).join('=')]),
    ),
  }))
