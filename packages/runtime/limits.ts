/** Changing the limits of a running container: all that are named, or none. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { type Cgroup, type LiftedLimit, restoreLimits } from '@gantry/syscall'
import type { OciRuntime } from './oci-runtime.ts'
import type { ProcessPaths } from './paths.ts'

interface Resources {
  cpu?: { quota?: number; [limit: string]: unknown }
  pids?: { limit?: number }
  [kind: string]: unknown
}

/**
 * Asks the OCI runtime, which knows how each version of cgroups writes a limit. To lift a quota or a number of processes
 * is not in every version of crun, so the kernel is told directly. Rejects with System, in the runtime's words; resolves to
 * what puts the limits back.
 */
export async function changeLimits(
  id: string,
  resources: Record<string, unknown>,
  { runtime, cgroup, paths }: { runtime: OciRuntime; cgroup: Cgroup | null; paths: ProcessPaths },
): Promise<() => Promise<void>> {
  const before = await cgroup?.limits()
  try {
    const direct = cgroup && runtime.program.kind !== 'other'
    const { rest, lifted } = direct ? split(resources) : { rest: resources, lifted: [] }
    if (Object.keys(rest).length > 0) await askRuntime(id, rest, runtime, paths)
    for (const limit of lifted) await cgroup?.lift(limit)
    return async () => {
      if (before) await restoreLimits(before)
    }
  } catch (cause) {
    const stuck = before ? await restoreLimits(before) : []
    const also = stuck.length > 0 ? `; not put back: ${stuck.join(', ')}` : ''
    throw new GantryError('System', `${runcWording(messageOf(cause))}${also}`, { cause })
  }
}

/** By a file: crun cannot read a standard input that is a socket, as Node's are. */
async function askRuntime(
  id: string,
  resources: Record<string, unknown>,
  runtime: OciRuntime,
  { directory }: ProcessPaths,
): Promise<void> {
  const file = join(directory, 'update.json')
  await writeFile(file, JSON.stringify(resources), { mode: 0o600 })
  try {
    await runtime.update(id, file)
  } finally {
    await rm(file, { force: true })
  }
}

/** What is to be lifted, and everything else. */
function split({ cpu, pids, ...others }: Resources): {
  rest: Record<string, unknown>
  lifted: LiftedLimit[]
} {
  const lifted: LiftedLimit[] = []
  const rest: Record<string, unknown> = { ...others }
  const { quota, ...otherCpu } = cpu ?? {}
  if (quota !== undefined && quota < 0) lifted.push('cpu-quota')
  const cpuRest = quota !== undefined && quota >= 0 ? { ...otherCpu, quota } : otherCpu
  if (Object.keys(cpuRest).length > 0) rest.cpu = cpuRest
  if (pids?.limit !== undefined && pids.limit < 0) lifted.push('pids')
  else if (pids) rest.pids = pids
  return { rest, lifted }
}

/** Both runtimes name the file and the kernel's reason; runc says which program failed. */
function runcWording(message: string): string {
  const last = message.trim().split('\n').at(-1) ?? ''
  const reason = last.replace(/^time="[^"]*" level=\w+ msg="(.*)"$/, '$1').replace(/^(?:crun|runc): /, '')
  return `runc did not terminate successfully: exit status 1: ${reason}: unknown`
}
