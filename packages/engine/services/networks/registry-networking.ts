import type { Container } from '../../containers/container.ts'
import type { NetworkFiles } from '../../containers/network-files.ts'
import type { Registry } from '../../containers/registry.ts'
import { notFound } from '../../containers/registry.ts'
import type { ContainerNetworking, NetworkedContainer } from './containers.ts'

/** The engine's containers as the network service sees them. */
export function containerNetworking(registry: Registry, files: NetworkFiles): ContainerNetworking {
  return {
    exclusively: async (reference, work) => {
      const container = registry.find(reference)
      return await container.lock.run(async () => {
        if (container.gone) throw notFound(reference)
        return await work(networked(registry, files, container))
      })
    },
  }
}

function networked(registry: Registry, files: NetworkFiles, container: Container): NetworkedContainer {
  const { id, name, config, hostConfig, endpoints } = container.record
  return {
    id,
    name,
    running: container.task !== null,
    networkMode: hostConfig.NetworkMode || 'default',
    endpoints,
    endpointRequest: (settings) => ({
      containerId: id,
      containerName: name,
      hostname: config.Hostname ?? '',
      settings,
      ports: {
        bindings: hostConfig.PortBindings ?? {},
        exposed: Object.keys(config.ExposedPorts ?? {}),
        publishAll: hostConfig.PublishAllPorts ?? false,
      },
    }),
    connected: (endpoint) => files.connected(container, endpoint),
    disconnected: (endpoint) => files.disconnected(container, endpoint),
    setEndpoints: (changed) => registry.update(container, { endpoints: changed }),
  }
}
