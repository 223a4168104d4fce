import type { ContainerSummary } from '@gantry/api'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { visibleStatus } from './state.ts'
import { statusText } from './status-text.ts'
import { boundPorts, mountPoints, networkMap, portSummaries } from './views.ts'

/** One row of GET /containers/json. `image` is how the image is to be named. */
export function summary(
  { record }: Container,
  image: string,
  /** By links of other containers. */
  otherNames: readonly string[],
  { networks, clock }: Pick<ContainerDependencies, 'networks' | 'clock'>,
): ContainerSummary {
  const { config, hostConfig, health } = record
  return {
    Id: record.id,
    Names: [...otherNames, `/${record.name}`].sort(),
    Image: image,
    ImageID: record.image?.id ?? '',
    ...(record.image?.manifest && { ImageManifestDescriptor: record.image.manifest }),
    Command: commandLine(record.args),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portSummaries(boundPorts(record, networks)),
    Labels: config.Labels ?? {},
    State: visibleStatus(record.state),
    Status: statusText(record, clock.now()),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? '',
      ...(hostConfig.Annotations && { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: networkMap(record, networks) },
    Mounts: mountPoints(record),
    Health: { Status: health?.Status ?? 'none', FailingStreak: health?.FailingStreak ?? 0 },
  }
}

/** Arguments with blanks in quotes; the program's name never. */
function commandLine([program = '', ...rest]: string[]): string {
  return [program, ...rest.map((argument) => (argument.includes(' ') ? `'${argument}'` : argument))].join(' ')
}
