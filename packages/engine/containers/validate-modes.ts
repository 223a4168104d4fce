import type { ContainerConfig, HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** `container:<reference>` gives the reference. */
export function sharedContainer(mode: string | undefined): string | null {
  return mode?.startsWith('container:') ? mode.slice('container:'.length) : null
}

/**
 * Namespaces (network, ipc, pid, uts, cgroup, user) that exist and go together. `remapped`: containers have other user ids
 * in the host unless they say otherwise. Throws InvalidParameter.
 */
export function validateModes(config: ContainerConfig, host: HostConfig, remapped: boolean): void {
  validateNetworkMode(config, host)
  if (remapped && host.UsernsMode !== 'host') validateRemapped(host)
  const ipc = host.IpcMode ?? ''
  if (!['', 'none', 'host', 'private', 'shareable'].includes(ipc) && !sharedContainer(ipc)) {
    throw invalid(`invalid IPC mode: ${ipc}`)
  }
  const pid = host.PidMode ?? ''
  if (!['', 'host'].includes(pid) && !sharedContainer(pid)) throw invalid(`invalid PID mode: ${pid}`)
  const uts = host.UTSMode ?? ''
  if (!['', 'host'].includes(uts)) throw invalid(`invalid UTS mode: ${uts}`)
  const cgroup: string = host.CgroupnsMode ?? ''
  if (!['', 'host', 'private'].includes(cgroup)) throw invalid(`invalid cgroup namespace mode: ${cgroup}`)
  if (!['', 'host'].includes(host.UsernsMode ?? '')) throw invalid(`invalid user mode: ${host.UsernsMode}`)
  if (!['', 'default'].includes((host.Isolation ?? '').toLowerCase())) {
    throw invalid(`Invalid isolation: "${host.Isolation}" - linux only supports 'default'`)
  }
  if (uts === 'host' && config.Hostname) throw invalid('conflicting options: hostname and the UTS mode')
}

/** What a container whose root is not the host's cannot have. */
function validateRemapped(host: HostConfig): void {
  if (host.Privileged) {
    throw invalid(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    )
  }
  if (host.NetworkMode === 'host')
    throw invalid("cannot share the host's network namespace when user namespaces are enabled")
  if (host.PidMode === 'host')
    throw invalid('cannot share the host PID namespace when user namespaces are enabled')
}

function validateNetworkMode(config: ContainerConfig, host: HostConfig): void {
  const mode = host.NetworkMode ?? ''
  if (mode === 'container' || mode === 'container:') {
    throw invalid('invalid container format container:<name|id>')
  }
  if (mode === 'host' && host.Links?.length) {
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    )
  }
  if (sharedContainer(mode)) validateSharedNetwork(config, host)
}

function validateSharedNetwork(config: ContainerConfig, host: HostConfig): void {
  const conflicts: [unknown, string][] = [
    [config.Hostname, 'hostname and the network mode'],
    [
      host.Links?.length,
      "container type network can't be used with links. This would result in undefined behavior",
    ],
    [host.Dns?.length, 'dns and the network mode'],
    [host.ExtraHosts?.length, 'custom host-to-IP mapping and the network mode'],
    [
      Object.keys(host.PortBindings ?? {}).length || host.PublishAllPorts,
      'port publishing and the container type network mode',
    ],
    [Object.keys(config.ExposedPorts ?? {}).length, 'port exposing and the container type network mode'],
  ]
  for (const [present, what] of conflicts) {
    if (present) throw invalid(`conflicting options: ${what}`)
  }
}
