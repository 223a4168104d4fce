/** Requests to create a container, as older API versions meant them. */
import type { ContainerConfig, EndpointSettings, HostConfig, Mount, NetworkingConfig } from '@gantry/api'
import type { ContainerCreateRequest } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import type { ApiVersion } from '../http/version.ts'
import type { LegacyLimits } from './kernel-memory.ts'

/** The body of `POST /containers/create`. */
export type CreateBody = ContainerConfig & {
  HostConfig?: HostConfig & LegacyLimits
  NetworkingConfig?: NetworkingConfig
  /** Until 1.51; since 1.44 each endpoint has its own. */
  MacAddress?: string
}

/**
 * Takes the body apart, drops what its API version did not know yet and fills in what the version took for granted.
 * Throws InvalidParameter.
 */
export function createRequestFor(
  version: ApiVersion,
  body: CreateBody,
): Pick<ContainerCreateRequest, 'config' | 'hostConfig' | 'networkingConfig'> {
  const { HostConfig: hostBody = {}, NetworkingConfig: networkBody = {}, MacAddress: mac, ...config } = body
  const hostConfig = hostConfigFor(version, hostBody)
  return {
    config: configFor(version, config),
    hostConfig,
    networkingConfig: networkingFor(version, networkBody, hostConfig, mac),
  }
}

function configFor(version: ApiVersion, config: ContainerConfig): ContainerConfig {
  if (version >= 44 || !config.Healthcheck?.StartInterval) return config
  return { ...config, Healthcheck: { ...config.Healthcheck, StartInterval: 0 } }
}

function hostConfigFor(version: ApiVersion, body: HostConfig & LegacyLimits): HostConfig {
  const { KernelMemory: _, ...hostConfig } = body
  if (version < 25) {
    delete hostConfig.AutoRemove
    delete hostConfig.Mounts
  }
  if (version < 40) hostConfig.IpcMode ||= 'shareable'
  if (version < 41) hostConfig.CgroupnsMode ||= 'host'
  if (version < 42) delete hostConfig.ConsoleSize
  if (version < 43) delete hostConfig.Annotations
  if (hostConfig.Mounts) hostConfig.Mounts = hostConfig.Mounts.map((mount) => mountFor(version, mount))
  return hostConfig
}

function mountFor(version: ApiVersion, mount: Mount): Mount {
  if (version >= 48) return mount
  if (mount.Type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer')
  if (version >= 45) return mount
  if (mount.VolumeOptions?.Subpath) throw invalid('VolumeOptions.Subpath needs API v1.45 or newer')
  if (!mount.BindOptions || version >= 44) return mount
  const options = { ...mount.BindOptions }
  if (options.ReadOnlyForceRecursive)
    throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer')
  // Before 1.44 a read-only bind left the mounts below it as they were.
  options.ReadOnlyNonRecursive = mount.ReadOnly === true
  if (version < 42) delete options.CreateMountpoint
  if (version < 40) delete options.NonRecursive
  return { ...mount, BindOptions: options }
}

function networkingFor(
  version: ApiVersion,
  body: NetworkingConfig,
  hostConfig: HostConfig,
  mac: string | undefined,
): NetworkingConfig {
  const endpoints = body.EndpointsConfig ?? {}
  const names = Object.keys(endpoints)
  if (version < 44 && names.length > 1)
    throw invalid(`Container cannot be connected to network endpoints: ${names.sort().join(', ')}`)
  if (!mac || version >= 52) return body
  return { ...body, EndpointsConfig: withMac(endpoints, hostConfig.NetworkMode || 'default', mac) }
}

/** Gives the container's one MAC address of older clients to the endpoint it was always meant for. */
function withMac(
  endpoints: Record<string, EndpointSettings>,
  network: string,
  mac: string,
): Record<string, EndpointSettings> {
  const own = endpoints[network] ?? {}
  if (own.MacAddress && own.MacAddress !== mac)
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or should be left empty',
    )
  return { ...endpoints, [network]: { ...own, MacAddress: mac } }
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
