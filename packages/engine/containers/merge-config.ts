import type { ContainerConfig, HealthConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'

/**
 * The user's configuration over the image's, as Docker merges them: lists of the image fill in what the user left out;
 * an entrypoint of the user's drops the image's command; `[""]` clears the entrypoint. Throws InvalidParameter
 * `No command specified`.
 */
export function mergeConfig(user: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const { entrypoint, cmd } = mergeCommand(user, image)
  if (!entrypoint?.length && !cmd?.length) throw new GantryError('InvalidParameter', 'No command specified')
  const healthcheck = mergeHealthcheck(user.Healthcheck, image.Healthcheck)
  const exposed = { ...image.ExposedPorts, ...user.ExposedPorts }
  const volumes = { ...image.Volumes, ...user.Volumes }
  const stopSignal = user.StopSignal || image.StopSignal
  const shell = user.Shell?.length ? user.Shell : image.Shell
  return {
    Hostname: user.Hostname ?? '',
    Domainname: user.Domainname ?? '',
    User: user.User || image.User || '',
    AttachStdin: user.AttachStdin ?? false,
    AttachStdout: user.AttachStdout ?? false,
    AttachStderr: user.AttachStderr ?? false,
    ...(Object.keys(exposed).length > 0 && { ExposedPorts: exposed }),
    Tty: user.Tty ?? false,
    OpenStdin: user.OpenStdin ?? false,
    StdinOnce: user.StdinOnce ?? false,
    Env: mergeEnv(user.Env ?? [], image.Env ?? []),
    // The API shows null, not an absent field, for the lists below.
    ...({ Cmd: cmd?.length ? cmd : null } as ContainerConfig),
    ...(healthcheck && { Healthcheck: healthcheck }),
    Image: user.Image ?? '',
    ...({ Volumes: Object.keys(volumes).length > 0 ? volumes : null } as ContainerConfig),
    WorkingDir: user.WorkingDir || image.WorkingDir || '',
    ...({ Entrypoint: entrypoint?.length ? entrypoint : null } as ContainerConfig),
    Labels: { ...image.Labels, ...user.Labels },
    ...(stopSignal && { StopSignal: stopSignal }),
    ...(user.StopTimeout !== undefined && user.StopTimeout !== null && { StopTimeout: user.StopTimeout }),
    ...(user.NetworkDisabled && { NetworkDisabled: true }),
    ...(user.ArgsEscaped && { ArgsEscaped: true }),
    ...(user.OnBuild?.length && { OnBuild: user.OnBuild }),
    ...(shell?.length && { Shell: shell }),
  }
}

function mergeCommand(
  user: ContainerConfig,
  image: ContainerConfig,
): { entrypoint?: string[]; cmd?: string[] } {
  const cleared = user.Entrypoint?.length === 1 && user.Entrypoint[0] === ''
  if (cleared) return { cmd: user.Cmd ?? [] }
  if (user.Entrypoint?.length) return { entrypoint: user.Entrypoint, cmd: user.Cmd ?? [] }
  return { entrypoint: image.Entrypoint ?? [], cmd: user.Cmd?.length ? user.Cmd : (image.Cmd ?? []) }
}

/** What the first process executes. */
export function argsOf(config: ContainerConfig): string[] {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])]
}

function mergeEnv(user: string[], image: string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0]
  const set = new Set(user.map(nameOf))
  return [...user, ...image.filter((entry) => !set.has(nameOf(entry)))]
}

function mergeHealthcheck(user?: HealthConfig | null, image?: HealthConfig | null): HealthConfig | undefined {
  if (!user || !image) return user ?? image ?? undefined
  return {
    Test: user.Test?.length ? user.Test : image.Test,
    Interval: user.Interval || image.Interval,
    Timeout: user.Timeout || image.Timeout,
    StartPeriod: user.StartPeriod || image.StartPeriod,
    StartInterval: user.StartInterval || image.StartInterval,
    Retries: user.Retries || image.Retries,
  }
}
