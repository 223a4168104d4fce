/** The processes of RUN. */
import type { Snapshot, WritableSnapshot } from './snapshots.ts'
import type { RunStep } from './steps.ts'

/** Runs the processes of RUN in the same OCI runtime, and with the same isolation, as containers. */
export interface Runner {
  /** Resolves to the exit code. Aborting kills every process of the step. */
  run(request: RunRequest): Promise<number>
}

export interface RunRequest {
  step: RunStep
  rootfs: WritableSnapshot['rootfs']
  mounts: readonly PreparedMount[]
  /** Further variables, `NAME=value`: secrets, proxies, the ssh agent's socket. They are no part of the step's key. */
  variables: readonly string[]
  hosts: readonly string[]
  shmSize?: number
  ulimits?: readonly { Name: string; Soft: number; Hard: number }[]
  limits?: StepLimits
  signal: AbortSignal
  output(stream: 'stdout' | 'stderr', data: Buffer): void
  /** Told when the process has failed: of a shell that has all that it had, for whose end the runner waits. */
  debug?: (exitCode: number, shell: string) => void
}

/** What a step may use, under the names of a container's host configuration. */
export interface StepLimits {
  Memory?: number
  MemorySwap?: number
  CpuShares?: number
  CpuPeriod?: number
  CpuQuota?: number
  CpusetCpus?: string
  CpusetMems?: string
  CgroupParent?: string
}

/** A mount whose source is ready on the host. */
export type PreparedMount =
  | {
      type: 'bind'
      source: string
      /** What `source` is, where it is a part of a view: of a snapshot, or of a directory that can be written over. */
      part?: { of: Snapshot | { tree: string }; path: string }
      target: string
      readonly: boolean
    }
  | { type: 'tmpfs'; target: string; size?: number }
  | { type: 'file'; content: Buffer; target: string; mode: number; uid: number; gid: number }
  | { type: 'socket'; source: string; target: string; mode: number; uid: number; gid: number }
