/** Images as older API versions show them. */
import type { ImageInspect, ImageSummary } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'

/** One entry of `GET /images/json`. */
export function imageSummaryFor(version: ApiVersion, image: ImageSummary): object {
  if (version >= 51) return image
  const { Manifests: _manifests, Descriptor: _descriptor, ...older } = image
  const summary = { ...(version < 48 ? older : image), Containers: -1 }
  if (version >= 44) return summary
  const sized = { ...summary, VirtualSize: image.Size }
  return version >= 43 ? sized : withPlaceholders(sized)
}

/** Before 1.43 an image without a name was listed under one. */
function withPlaceholders<T extends ImageSummary>(image: T): T {
  const nameless = image.RepoTags.length === 0
  return {
    ...image,
    RepoTags: nameless ? ['<none>:<none>'] : image.RepoTags,
    RepoDigests: image.RepoDigests.length === 0 ? (nameless ? ['<none>@<none>'] : null) : image.RepoDigests,
  }
}

/** Fields of the image's Config that only ever meant something for containers; gone since 1.50. */
const containerOnlyConfig = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
}

/** Fields of the image's Config that are always there before 1.52. */
const unsetConfig = {
  User: '',
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
}

/** `GET /images/{name}/json`. */
export function imageInspectFor(version: ApiVersion, image: ImageInspect): object {
  if (version >= 52) return image
  const { Identity: _identity, Descriptor, Manifests: _manifests, ...known } = image
  const config = { ...unsetConfig, ...(version < 50 ? containerOnlyConfig : {}), ...image.Config }
  const inspected = {
    Parent: '',
    Comment: '',
    DockerVersion: '',
    Author: '',
    ...known,
    ...(version >= 48 && Descriptor ? { Descriptor } : {}),
    Config: config,
  }
  if (version >= 45) return inspected
  const withContainer = {
    ...inspected,
    Container: '',
    ContainerConfig: { ...containerOnlyConfig, ...unsetConfig },
    Created: image.Created ?? '0001-01-01T00:00:00Z',
  }
  return version >= 44 ? withContainer : { ...withContainer, VirtualSize: image.Size }
}
