/** Limits of open files that are too low for the OCI runtime, which sets them before it has done. */
import { limitOpenFiles, SystemCallError } from '@gantry/syscall'
import { enoughFiles, initPrefix, translateRuntimeError } from './errors.ts'
import type { OciProcess, OciSpec } from './oci-spec.ts'

type Rlimit = NonNullable<OciProcess['rlimits']>[number]

/**
 * The specification without a limit below which crun cannot make a container (some 30), and that limit, which is set when
 * it has: see `limitCreated`. Null: nothing is to be set.
 */
export function withoutLowLimit(spec: OciSpec): { spec: OciSpec; limit: Rlimit | null } {
  const { rlimits = [] } = spec.process
  const limit = rlimits.find(({ type, soft }) => type === 'RLIMIT_NOFILE' && soft < enoughFiles) ?? null
  if (!limit) return { spec, limit }
  const others = rlimits.filter((one) => one !== limit)
  return { spec: { ...spec, process: { ...spec.process, rlimits: others } }, limit }
}

/** Sets the limit of a process that was created and waits to be started. Throws ProcessStartError. */
export function limitCreated(pid: number, limit: Rlimit, command: string): void {
  try {
    limitOpenFiles(pid, limit)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    const reason = error.code === 'EPERM' ? 'operation not permitted' : error.code
    throw translateRuntimeError(
      `${initPrefix}: error setting rlimits for ready process: error setting rlimit type 7: ${reason}`,
      { action: 'create', command },
      error,
    )
  }
}
