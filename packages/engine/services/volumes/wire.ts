import type { Volume } from '@gantry/api'
import type { VolumeRecord } from '@gantry/volumes'

/** A volume as the API shows it. */
export function volumeToWire(volume: VolumeRecord): Volume {
  return {
    CreatedAt: volume.createdAt,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  }
}
