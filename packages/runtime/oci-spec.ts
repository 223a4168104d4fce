/** The parts of the OCI runtime specification (v1.2, config.md) that Gantry writes. */
export interface OciSpec {
  ociVersion: string
  hostname?: string
  domainname?: string
  process: OciProcess
  root: { path: string; readonly?: boolean }
  mounts: OciMount[]
  linux: OciLinux
  hooks?: Record<string, unknown>
  annotations?: Record<string, string>
}

/** config-linux.md. */
export interface OciLinux extends Record<string, unknown> {
  /** User ids of the container in the host; absent without a user namespace. */
  uidMappings?: { containerID: number; hostID: number; size: number }[]
}

/** config.md#process, also the file given to `exec --process`. */
export interface OciProcess {
  terminal?: boolean
  consoleSize?: { height: number; width: number }
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] }
  args: string[]
  env: string[]
  cwd: string
  capabilities?: Partial<Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>>
  /** As `bigint` where a number would not be exact. */
  rlimits?: { type: string; soft: number | bigint; hard: number | bigint }[]
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

/** The specification as the JSON that OCI runtimes read. */
export function specText(value: OciSpec | OciProcess): string {
  return JSON.stringify(value, (_key, member) =>
    typeof member === 'bigint' ? rawJson(String(member)) : member,
  )
}

/** ECMAScript 2026, which the type library does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown }
