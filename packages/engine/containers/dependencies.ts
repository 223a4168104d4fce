import type { HostConfig } from '@gantry/api'
import type { ArchiveWorkers } from '@gantry/archive'
import type { DnsOptions, Networks } from '@gantry/network'
import type { OciProcess, OciSpec, RootFilesystem, Runtime } from '@gantry/runtime'
import type { Table } from '@gantry/store'
import type { IdMapping } from '@gantry/syscall'
import type { Volumes } from '@gantry/volumes'
import type { Events, ExecCreateRequest, Images } from '../contracts.ts'
import type { LogKeeper } from '../logging/index.ts'
import type { ContainerContexts } from '../selinux/index.ts'
import type { Clock } from './clock.ts'
import type { FaultPoint } from './faults.ts'
import type { HostConfigDefaults } from './host-config.ts'
import type { ImageView } from './image-view.ts'
import type { ContainerFiles } from './paths.ts'
import type { ContainerRecord } from './record.ts'
import type { StorageLimits } from './storage-limits.ts'
import type { HostFacts } from './validate.ts'

/** Everything that the container service stands on. */
export interface ContainerDependencies {
  table: Table<ContainerRecord>
  images: Pick<Images, 'resolve' | 'rootfs' | 'inspect' | 'commit'>
  networks: Networks
  volumes: Volumes
  runtime: Runtime
  logs: LogKeeper
  spec: SpecBuilder
  events: Pick<Events, 'publish'>
  imageView: ImageView
  archive: ArchiveWorkers
  paths: ContainerPaths
  defaults: HostConfigDefaults
  facts: HostFacts
  storage: StorageLimits
  /** Resolvers of containers that name none: the daemon's, or the host's without its loopback ones. */
  dns: DnsOptions
  /** What `host-gateway` among extra hosts stands for; empty: the container's own gateway. */
  hostGateway: string[]
  clock: Clock
  log: (level: 'info' | 'warn' | 'error', message: string) => void
  faults: FaultPoint
  /** What the user ids of containers are in the host; null when they are the same. */
  remap: IdMapping | null
  /** What containers are labelled with; null where they get no labels of their own. */
  selinux: ContainerContexts | null
}

export interface ContainerPaths {
  /** `<data root>/containers`. */
  containers: string
  /** `<data root>/init`: the lowest layer of all containers. */
  init: string
  /** `<exec root>/shm`: mount points of /dev/shm that containers share. */
  shm: string
  /** `<exec root>/views`: where file systems are shown for a moment. */
  views: string
  /** `<exec root>/userns`: the user namespaces of containers. */
  userNamespaces: string
}

/** Writes what the OCI runtime executes. Rejects with InvalidParameter for a user, device or option that is not there. */
export interface SpecBuilder {
  container(request: SpecRequest): Promise<OciSpec>
  /**
   * linux.resources of the changed fields of a HostConfig; `whole` is what it becomes. Empty when nothing of it is a limit.
   */
  limits(changes: HostConfig, whole: HostConfig): Record<string, unknown>
  exec(request: ExecSpecRequest): Promise<OciProcess>
  /** The ids of the user that the container runs as. */
  owner(request: Pick<SpecRequest, 'record' | 'rootfs'>): Promise<{ uid: number; gid: number }>
  /** The AppArmor profile and SELinux label of a container's processes, and the label of its files; empty for none. */
  labels(record: ContainerRecord): { apparmorProfile: string; processLabel: string; mountLabel: string }
}

export interface SpecRequest {
  record: ContainerRecord
  rootfs: RootFilesystem
  /** Directories and files of the host, and tmpfs, in the order to mount. */
  mounts: SpecMount[]
  /** Files of the host that appear as /etc/hosts, /etc/hostname, /etc/resolv.conf. */
  files: ContainerFiles
  hostname: string
  domainname: string
  namespaces: SharedNamespaces
  /** Variables that come from links; the container's own override them. */
  linkVariables?: readonly string[]
  /** Absent for a container whose users are the host's. */
  userNamespace?: { path: string; mapping: IdMapping }
}

export interface SpecMount {
  type: 'bind' | 'tmpfs'
  source: string
  destination: string
  writable: boolean
  /** Mount propagation of a bind, `rprivate` unless said. */
  propagation: string
  recursive: boolean
  /** Whether mounts below a read-only one are read-only too: where the kernel can, unless said otherwise. */
  readOnlyBelow?: 'never' | 'possible' | 'always'
  /** tmpfs only: `size=…`, `mode=…`, and flags. */
  options: string[]
}

/** A path joins the namespace there, `host` shares the host's, `private` makes a new one. */
export interface SharedNamespaces {
  network: string
  pid: string
  ipc: string
}

export interface ExecSpecRequest {
  record: ContainerRecord
  rootfs: RootFilesystem
  /** The container's OCI process is the exec's starting point: environment, user, directory, capabilities. */
  exec: ExecCreateRequest
  /** See `SpecRequest`. */
  linkVariables?: readonly string[]
}
