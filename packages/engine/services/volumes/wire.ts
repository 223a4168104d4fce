import type { Volume } from '@gantry/api'
import type { VolumeRecord } from '@gantry/volumes'

/** A volume as the API shows it. Clients compare what is empty with null, which the schema does not say. */
export function volumeToWire(volume: VolumeRecord): Volume {
  return {
    CreatedAt: volume.createdAt,
    Driver: volume.driver,
    Labels: orNull(volume.labels) as Volume['Labels'],
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: orNull(volume.options) as Volume['Options'],
    Scope: 'local',
  }
}

function orNull(map: Record<string, string>): Record<string, string> | null {
  return Object.keys(map).length > 0 ? map : null
}
