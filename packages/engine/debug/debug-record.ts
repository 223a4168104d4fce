/** The container that a debugging process would be, so that the specification is written as for any other. No I/O in here. */
import type { HostConfig } from '@gantry/api'
import type { ContainerRecord } from '../containers/record.ts'
import type { ExecCreateRequest } from '../contracts.ts'

/** Where the tools are, in a directory that no container has. */
export const toolDirectory = '/dev/debug'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What decides on rights and namespaces, but no limits: the tools are not to be killed for the container's memory. */
const keptFields = [
  ...(['CapAdd', 'CapDrop', 'CgroupParent', 'CgroupnsMode', 'DeviceCgroupRules', 'Devices'] as const),
  ...(['GroupAdd', 'IpcMode', 'MaskedPaths', 'Privileged', 'ReadonlyPaths', 'Runtime'] as const),
  ...(['SecurityOpt', 'ShmSize', 'UTSMode', 'Ulimits', 'UsernsMode'] as const),
] satisfies (keyof HostConfig)[]

export interface DebugWish {
  /** Of the exec. */
  id: string
  request: ExecCreateRequest
  /** Environment of the image that was asked for; null when the container's own file system is the root. */
  imageEnv: readonly string[] | null
}

/** Root unless another user was asked for; with the container's rights, or all if the request is for a privileged process. */
export function debugRecord(target: ContainerRecord, { id, request, imageEnv }: DebugWish): ContainerRecord {
  const { config, hostConfig } = target
  const kept: HostConfig = Object.fromEntries(keptFields.map((field) => [field, hostConfig[field]]))
  const env = imageEnv ?? [...(config.Env ?? []), `PATH=${pathOf(config.Env)}:${toolDirectory}/bin`]
  return {
    ...target,
    id,
    args: imageEnv === null ? withTools(request.cmd) : request.cmd,
    config: {
      ...config,
      Tty: request.tty ?? false,
      User: request.user || '0',
      WorkingDir: request.workingDir || (imageEnv === null ? (config.WorkingDir ?? '') : ''),
      Env: [...env, ...(request.env ?? [])],
    },
    hostConfig: {
      ...kept,
      // OCI runtimes make the root writable that they are given, and read-only at the end.
      ReadonlyRootfs: imageEnv === null && hostConfig.ReadonlyRootfs,
      ...(request.privileged && { Privileged: true, MaskedPaths: [], ReadonlyPaths: [] }),
    },
  }
}

function pathOf(env: readonly string[] | null | undefined): string {
  const entry = env?.findLast((each) => each.startsWith('PATH='))
  return entry?.slice('PATH='.length) || defaultPath
}

/** busybox is one program; it makes the names of its tools itself, before it becomes the command. */
function withTools(command: readonly string[]): string[] {
  const busybox = `${toolDirectory}/busybox`
  const directory = `${toolDirectory}/bin`
  const script = `${busybox} mkdir -p ${directory} && ${busybox} --install -s ${directory} && exec "$@"`
  return [busybox, 'sh', '-c', script, 'debug', ...command]
}
