/** The Go types behind the data of inspect, info, version and events. */
import type { Data, GoType } from '../go/types.ts'
import { containerDeclarations } from './container.ts'
import { declareTypes } from './declare.ts'
import { imageDeclarations } from './image.ts'
import { networkDeclarations } from './network.ts'
import { ociDeclarations } from './oci.ts'
import { sharedTypes } from './shared.ts'
import { systemDeclarations } from './system.ts'
import { volumeDeclarations } from './volume.ts'

const colonPair = (data: Data): string => (data as Data[]).join(':')

const typeNamed = declareTypes(
  {
    ...containerDeclarations,
    ...imageDeclarations,
    ...networkDeclarations,
    ...volumeDeclarations,
    ...systemDeclarations,
    ...ociDeclarations,
  },
  sharedTypes,
  {
    'blkiodev.WeightDevice': colonPair,
    'blkiodev.ThrottleDevice': colonPair,
    'swarm.Version': (data) => String((data as Data[])[0]),
    'units.Ulimit': (data) => {
      const [name, hard, soft] = data as Data[]
      return `${name}=${soft}:${hard}`
    },
  },
)

/** What `container inspect --format` is given. */
export const containerInspectType = (): GoType => typeNamed('container.InspectResponse')
/** What `image inspect --format` is given. */
export const imageInspectType = (): GoType => typeNamed('image.InspectResponse')
/** What `network inspect --format` is given. */
export const networkInspectType = (): GoType => typeNamed('network.Inspect')
/** What `volume inspect --format` is given. */
export const volumeInspectType = (): GoType => typeNamed('volume.Volume')
/** What `info --format` is given: the daemon's answer, and what the client adds. */
export const infoType = (): GoType => typeNamed('system.dockerInfo')
/** What `version --format` is given: client and server. */
export const versionType = (): GoType => typeNamed('system.versionInfo')
/** What `events --format` is given for each event. */
export const eventType = (): GoType => typeNamed('events.Message')
