/** linux.namespaces. */
import type { HostConfig } from '@gantry/api'
import type { SpecRequest } from '../containers/dependencies.ts'

export interface OciNamespace {
  type: string
  path?: string
}

/** Which namespaces are the container's own, and which it joins. A namespace of the host is left out. */
export function containerNamespaces(config: HostConfig, shared: SpecRequest['namespaces']): OciNamespace[] {
  return [
    { type: 'mount' },
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
