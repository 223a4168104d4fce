/** The parts of the OCI runtime specification (v1.2, config.md) that Gantry writes. */
export interface OciSpec {
  ociVersion: string
  hostname?: string
  domainname?: string
  process: OciProcess
  root: { path: string; readonly?: boolean }
  mounts: OciMount[]
  linux: Record<string, unknown>
  hooks?: Record<string, unknown>
  annotations?: Record<string, string>
}

/** config.md#process, also the file given to `exec --process`. */
export interface OciProcess {
  terminal?: boolean
  consoleSize?: { height: number; width: number }
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] }
  args: string[]
  env: string[]
  cwd: string
  capabilities?: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>
  rlimits?: { type: string; soft: number; hard: number }[]
  noNewPrivileges?: boolean
  oomScoreAdj?: number
  apparmorProfile?: string
  selinuxLabel?: string
}

/** config.md#mounts */
export interface OciMount {
  destination: string
  type?: string
  source?: string
  options?: string[]
}
