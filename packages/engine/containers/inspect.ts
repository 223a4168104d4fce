import { join } from 'node:path'
import type { ContainerInspectResponse, ContainerState } from '@gantry/api'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { networkOfMode } from './endpoints.ts'
import { linkTexts } from './links.ts'
import { containerFiles, logPath, rootFilesystem } from './paths.ts'
import type { ContainerRecord } from './record.ts'
import type { Registry } from './registry.ts'
import { sizeOf } from './size.ts'
import { isUp, never, visibleStatus } from './state.ts'
import { sharedContainer } from './validate-modes.ts'
import { boundPorts, mountPoints, networkMap } from './views.ts'

type InspectDependencies = Pick<ContainerDependencies, 'images' | 'networks' | 'paths' | 'spec'>

/** GET /containers/{id}/json, in the shape of API 1.55. */
export async function inspect(
  container: Container,
  { size = false }: { size?: boolean },
  registry: Registry,
  deps: InspectDependencies,
): Promise<ContainerInspectResponse> {
  const { record } = container
  const donor = sharedContainer(record.hostConfig.NetworkMode)
  const labels = deps.spec.labels(record)
  // For clients of old: the address that was asked for on the network of the container's mode.
  const mac = record.endpoints[networkOfMode(record.hostConfig.NetworkMode) ?? '']?.MacAddress
  const files = containerFiles(deps.paths.containers, record.id)
  const shown = (path: string) => (record.started && !donor ? path : '')
  return {
    Id: record.id,
    Created: record.created,
    Path: record.args[0] ?? '',
    Args: record.args.slice(1),
    State: stateView(record),
    Image: record.image?.id ?? '',
    ResolvConfPath: shown(files.resolvConf),
    HostnamePath: shown(files.hostname),
    HostsPath: shown(files.hosts),
    LogPath: record.started ? shownLogPath(deps.paths.containers, record) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: record.image?.os ?? 'linux',
    ...(record.image?.manifest && { ImageManifestDescriptor: record.image.manifest }),
    MountLabel: labels.mountLabel,
    ProcessLabel: labels.processLabel,
    AppArmorProfile: labels.apparmorProfile,
    ExecIDs: container.execs.size > 0 ? [...container.execs] : null,
    HostConfig: { ...record.hostConfig, Links: linkTexts(container, registry) as string[] },
    GraphDriver: await graphDriver(record, deps),
    ...(size && (await sizes(record, deps))),
    Mounts: mountPoints(record),
    Config: { ...record.config, ...(mac && { MacAddress: mac }) },
    NetworkSettings: {
      SandboxID: deps.networks.sandbox(record.id) ? record.id : '',
      SandboxKey: deps.networks.sandbox(record.id)?.path ?? '',
      Ports: boundPorts(record, deps.networks),
      Networks: networkMap(record, deps.networks),
    },
  }
}

/** As Docker, the file of `json-file` only: what other drivers keep is a copy. */
function shownLogPath(containers: string, record: ContainerRecord): string {
  const driver = record.hostConfig.LogConfig?.Type || 'json-file'
  return driver === 'json-file' ? (logPath(containers, record) ?? '') : ''
}

function stateView({ state, health }: ContainerRecord): ContainerState {
  const status = visibleStatus(state)
  return {
    Status: status,
    // Docker calls a restarting container running, and clients count on it.
    Running: ['running', 'paused', 'restarting'].includes(status),
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: status === 'dead',
    Pid: isUp(state) ? state.pid : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
    ...(health && { Health: health }),
  }
}

async function graphDriver(record: ContainerRecord, deps: InspectDependencies) {
  // The image may have been removed by force; the container can still be looked at.
  const rootfs = await rootFilesystem(deps, record).catch(() => null)
  const directory = join(deps.paths.containers, record.id)
  return {
    Name: 'overlay2',
    Data: {
      ID: record.id,
      LowerDir: rootfs?.lower.join(':') ?? '',
      MergedDir: isUp(record.state) ? `/proc/${record.state.pid}/root` : join(directory, 'merged'),
      UpperDir: join(directory, 'upper'),
      WorkDir: join(directory, 'work'),
    },
  }
}

/** Bytes that the container wrote, and those with its image's. */
export async function sizes(
  record: ContainerRecord,
  { images, paths }: Pick<ContainerDependencies, 'images' | 'paths'>,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const written = await sizeOf(join(paths.containers, record.id, 'upper'))
  const image = record.image ? await images.inspect(record.image.id).catch(() => null) : null
  return { SizeRw: written, SizeRootFs: written + (image?.Size ?? 0) }
}
