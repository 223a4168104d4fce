import type { TransferLimits } from '@gantry/engine'
import { defaultRegistryConfig, proxiesFromEnvironment, type RegistryConfig } from '@gantry/oci'
import type { DaemonConfig } from '../config/config.ts'
import { productVersion } from '../version.ts'

/** Gantry's own folder goes first; Docker's is read as well, so that what works there works here. */
const certificateDirectories = ['/etc/gantry/certs.d', '/etc/docker/certs.d']

/** How the daemon reaches registries, from its configuration and what that leaves to the environment. */
export function registryConfig(config: DaemonConfig, environment: NodeJS.ProcessEnv): RegistryConfig {
  const { insecureRegistries, registries } = config.live
  const { proxies } = registries
  const fromEnvironment = proxiesFromEnvironment(environment)
  return {
    ...defaultRegistryConfig,
    insecureRegistries: insecureRegistries.map((registry) => registry.replace(/^https?:\/\//, '')),
    mirrors: registries.mirrors,
    tokenServers: registries.tokenServers,
    certificateDirectories,
    proxies: {
      http: proxies.http ?? fromEnvironment.http,
      https: proxies.https ?? fromEnvironment.https,
      no: proxies.no ?? fromEnvironment.no,
    },
    userAgent: `gantry/${productVersion} (linux)`,
  }
}

/** How many blobs move at a time, how often one is tried, and what comes along. */
export function transferLimits({ live }: DaemonConfig): TransferLimits {
  const { maxConcurrentDownloads, maxConcurrentUploads, maxDownloadAttempts, referrers } = live.registries
  return {
    downloads: maxConcurrentDownloads,
    uploads: maxConcurrentUploads,
    attempts: maxDownloadAttempts,
    referrers,
  }
}
