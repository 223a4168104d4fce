/** Removing tasks: in good order after their exit, and whatever an interrupted daemon has left. */
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cgroup, isRunning, signalProcess } from '@gantry/syscall'
import { findMonitor } from './exec-process.ts'
import type { OciRuntime } from './oci-runtime.ts'
import { type ProcessPaths, removeDirectory } from './paths.ts'
import { unmountRootfs } from './rootfs.ts'

const SIGKILL = 9
/** How long a killed conmon may take to disappear. */
const killTimeoutMs = 5000

export interface TaskRemains {
  id: string
  paths: ProcessPaths
  runtime: OciRuntime
  cgroup: Cgroup | null
}

/** Removes an ended task: processes it left in its cgroup, cgroup, state, mount, bundle. Idempotent. */
export async function removeTask({ id, paths, runtime, cgroup }: TaskRemains): Promise<void> {
  await Promise.all([removeGroup(cgroup), unmountRootfs(paths.rootfs)])
  await runtime.delete(id)
  await removeDirectory(paths)
}

async function removeGroup(cgroup: Cgroup | null): Promise<void> {
  if (!cgroup) return
  // Only a container that shares another's pid namespace can have processes left.
  await cgroup.kill()
  await cgroup.remove()
}

export interface TaskLeftovers extends Omit<TaskRemains, 'runtime'> {
  /** Those in whose state directories the task may be. */
  runtimes: OciRuntime[]
  cgroup: Cgroup
  /** Whether the machine has not been booted since, so that pid files mean something. */
  sameBoot: boolean
}

/** Removes a task in any state, also one that was only half made. Idempotent. */
export async function purgeTask({ id, paths, runtimes, cgroup, sameBoot }: TaskLeftovers): Promise<void> {
  // conmon first: an OCI runtime that is still creating the container dies with it.
  if (sameBoot) {
    await killMonitors(paths)
    await cgroup.kill()
  }
  await cgroup.remove()
  await unmountRootfs(paths.rootfs)
  for (const runtime of runtimes) await runtime.delete(id)
  await removeDirectory(paths)
}

async function killMonitors(paths: ProcessPaths): Promise<void> {
  const execs = await readdir(paths.execs).catch(() => [])
  const directories = [paths, ...execs.map((id) => paths.exec(id))]
  await Promise.all(directories.map(killMonitor))
}

async function killMonitor(paths: ProcessPaths): Promise<void> {
  const monitor = await findMonitor(paths)
  if (!monitor || !signalProcess(monitor, SIGKILL)) return
  for (let waited = 0; waited < killTimeoutMs && (await isRunning(monitor)); waited += 2) await sleep(2)
}
