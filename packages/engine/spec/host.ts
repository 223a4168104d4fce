import type { HostConfig } from '@gantry/api'
import type { Device } from './devices.ts'

/** What of the host decides how a container is written down. Gathered once, at the daemon's start. */
export interface HostFacts {
  cgroupVersion: 1 | 2
  /** Container cgroups are made below it, e.g. `/gantry`. */
  cgroupParent: string
  /** Go's name of the processor: `amd64`, `arm64`, … */
  architecture: string
  /** Linux, e.g. `[6, 1]`. */
  kernel: readonly [major: number, minor: number]
  /** Capabilities that the daemon itself may pass on (its bounding set), `CAP_…`. */
  capabilities: readonly string[]
  /** Whether the kernel can limit swap. */
  swapLimit: boolean
  /** Limits of processes (setrlimit(2)) for containers that do not set them. */
  ulimits: NonNullable<HostConfig['Ulimits']>
  seccomp: boolean
  /** What confines containers that name no profile: Docker's default one, none, or the text of another. */
  seccompProfile: { kind: 'builtin' | 'unconfined' } | { kind: 'custom'; text: string }
  /** `--no-new-privileges` of the daemon. */
  noNewPrivileges: boolean
  /** Loaded AppArmor profiles; null on a host without AppArmor. */
  apparmorProfiles: readonly string[] | null
  selinux: boolean
  /** Directories of the kernel that exist only on some hosts and are hidden too. */
  extraMaskedPaths: readonly string[]
  /** A program such as catatonit or tini for `--init`; null when there is none. */
  initProgram: string | null
}

/** What the host's user wants to reach from a container; looked up before the specification is written. */
export interface HostDevices {
  /** Of `--device`: one for a node, all for a directory. */
  requested: Device[]
  /** Every node of /dev, for a privileged container. */
  all: Device[]
  /** `major:minor` of the block devices that limits name, by path. */
  numbers: ReadonlyMap<string, { major: number; minor: number }>
}
