import type { ContainerConfig, EndpointSettings, Health, HostConfig, Mount } from '@gantry/api'
import type { Descriptor, Digest } from '@gantry/oci'
import type { SelinuxLabels } from '../selinux/index.ts'
import type { LinkRecord } from './links.ts'
import type { State } from './state.ts'

/** A container as the database keeps it: all that must survive the daemon. Times are RFC 3339. */
export interface ContainerRecord {
  /** 64 hex digits. */
  id: string
  /** Without the leading slash of the API. */
  name: string
  created: string
  /** Null for a container that was made without an image. */
  image: ImageOfContainer | null
  /** What the first process executes: entrypoint and command as one. */
  args: string[]
  /** The user's configuration merged over the image's. */
  config: ContainerConfig
  /** With every default filled in. */
  hostConfig: HostConfig
  /** What the user asked of each network, by the name the user gave it. */
  endpoints: Record<string, EndpointSettings>
  /** Its names for containers of the default network. */
  links?: LinkRecord[]
  mounts: MountRecord[]
  state: State
  /** Restarts by the restart policy since the last start by the user. */
  restartCount: number
  /** It has been started once, so its volumes have been filled. */
  started: boolean
  /** Stopped by the user: `unless-stopped` does not bring it back. */
  stoppedByUser: boolean
  /** A user's restart has begun, and the container is not started again yet. */
  restartPending?: boolean
  /** Paused by a commit, which is to let it go on, if need be by the next daemon. */
  pausedForCommit?: boolean
  health: Health
  /** An update that has begun: what of hostConfig it changes. */
  updating?: HostConfig
  /** Given when it was made, by a daemon that labels containers. */
  selinux?: SelinuxLabels
}

export interface ImageOfContainer {
  id: Digest
  os: string
  architecture: string
  variant?: string
  /** Missing where a daemon made the container that did not keep it. */
  manifest?: Descriptor
}

/** One place in the container where something is mounted. */
export interface MountRecord {
  type: 'bind' | 'volume' | 'tmpfs' | 'image'
  destination: string
  /** Directory or file on the host, or the name of an image; empty for tmpfs. */
  source: string
  /** Of a volume. */
  name: string
  driver: string
  /** As written after the second colon of `-v`. */
  mode: string
  writable: boolean
  propagation: string
  /** Fill an empty volume with the image's content. */
  copyUp: boolean
  /** Make a missing bind source, as `-v` does and `--mount` does not. */
  createSource: boolean
  /** Made with the container and removed with it when volumes are. */
  anonymous: boolean
  /** The `HostConfig.Mounts` element it comes from, for options not named above. */
  options?: Pick<Mount, 'BindOptions' | 'VolumeOptions' | 'TmpfsOptions' | 'ImageOptions'>
  /** What the image's name stood for when the container was made. */
  image?: Digest
}
