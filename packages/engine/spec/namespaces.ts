/** linux.namespaces. */
import type { HostConfig } from '@gantry/api'
import type { IdRange } from '@gantry/syscall'
import type { SpecRequest } from '../containers/dependencies.ts'

export interface OciNamespace {
  type: string
  path?: string
}

/** Which namespaces are the container's own, and which it joins. A namespace of the host is left out. */
export function containerNamespaces(
  config: HostConfig,
  { namespaces: shared, userNamespace }: Pick<SpecRequest, 'namespaces' | 'userNamespace'>,
): OciNamespace[] {
  return [
    { type: 'mount' },
    ...(userNamespace ? namespace('user', userNamespace.path) : []),
    ...namespace('network', shared.network),
    ...namespace('uts', config.UTSMode || 'private'),
    ...namespace('pid', shared.pid),
    ...namespace('ipc', shared.ipc),
    ...namespace('cgroup', config.CgroupnsMode === 'private' ? 'private' : 'host'),
  ]
}

/** `host`, `private`, or the path of one to join. */
function namespace(type: string, mode: string): OciNamespace[] {
  if (mode === 'host') return []
  return mode === 'private' ? [{ type }] : [{ type, path: mode }]
}

/** linux.uidMappings and linux.gidMappings; nothing for a container whose users are the host's. */
export function idMappings({
  userNamespace,
}: Pick<SpecRequest, 'userNamespace'>): Record<string, OciIdRange[]> {
  if (!userNamespace) return {}
  const { uids, gids } = userNamespace.mapping
  return { uidMappings: uids.map(ociRange), gidMappings: gids.map(ociRange) }
}

interface OciIdRange {
  containerID: number
  hostID: number
  size: number
}

function ociRange({ inside, outside, length }: IdRange): OciIdRange {
  return { containerID: inside, hostID: outside, size: length }
}
