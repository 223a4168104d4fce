/** What makes a container's specification that of a process beside it. No I/O in here. */
import type { OciMount, OciSpec } from '@gantry/runtime'
import { toolDirectory } from './debug-record.ts'

export interface Surroundings {
  /** Files of the namespaces to join, by the OCI type; null for namespaces of its own. */
  joined: Record<string, string> | null
  /** The root is a copy of the container's mounts: only /dev is its own. */
  copied: boolean
  /** The host's busybox, when that brings the tools. */
  busybox: string | null
  /** Paths on the host that are not there: what has them as a source is left out. */
  missing: ReadonlySet<string>
}

/** Changes the specification of a container of its own into one that goes into the other's surroundings. */
export function debugSpec(spec: OciSpec, { joined, copied, busybox, missing }: Surroundings): OciSpec {
  const { hostname, ...rest } = spec
  const { resources, sysctl, rootfsPropagation: _, ...linux } = spec.linux
  const devices = (resources as { devices?: unknown } | undefined)?.devices
  const mounts = spec.mounts
    .filter(({ destination }) => !copied || destination === '/dev' || destination.startsWith('/dev/'))
    .filter(({ source }) => !missing.has(source ?? ''))
  return {
    ...rest,
    ...(!joined && hostname !== undefined && { hostname }),
    mounts: [...mounts, ...(busybox ? tools(busybox) : [])],
    linux: {
      ...linux,
      resources: { devices },
      ...(!joined && { sysctl }),
      ...(joined && { namespaces: namespacesOf(joined) }),
      // The copy has them already.
      ...(copied && { maskedPaths: [], readonlyPaths: [] }),
    },
  }
}

function namespacesOf(joined: Record<string, string>): { type: string; path?: string }[] {
  return [{ type: 'mount' }, ...Object.entries(joined).map(([type, path]) => ({ type, path }))]
}

function tools(busybox: string): OciMount[] {
  return [
    {
      destination: toolDirectory,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777', 'size=1m'],
    },
    {
      destination: `${toolDirectory}/busybox`,
      type: 'bind',
      source: busybox,
      options: ['bind', 'ro', 'nosuid', 'nodev'],
    },
  ]
}
