/** What a later daemon must know of a task, kept beside its bundle. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { identify, type ProcessIdentity } from '@gantry/syscall'
import type { StdioOptions } from './contracts.ts'
import type { RuntimeProgram } from './oci-runtime.ts'
import type { IdMappings } from './stdio/ownership.ts'

export interface TaskRecord {
  id: string
  /** The program itself, so that a task outlives a change of the configuration. */
  runtime: RuntimeProgram
  /** Path of the container's cgroup, e.g. `/gantry/<id>`; null when its specification names none. */
  cgroup: string | null
  stdio: StdioOptions
  /** Of the container's user namespace, if it has one. */
  uidMappings?: IdMappings
  /** Its process went on from a checkpoint: there is nothing to be let go. */
  restored?: boolean
  /** Pids mean nothing after a reboot. */
  boot: string
  /** The container's first process and its conmon. Absent until both exist. */
  process?: ProcessIdentity
  monitor?: ProcessIdentity
}

/** Writes the record; a reader sees the old or the new one, whole. */
export async function writeRecord(path: string, record: TaskRecord): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Null when there is none. Rejects when that cannot be told, for want of descriptors (EMFILE), say. */
export async function readRecord(path: string): Promise<TaskRecord | null> {
  const text = await textOf(path)
  return text === null ? null : (JSON.parse(text) as TaskRecord)
}

/** A pid that the OCI runtime or conmon has written to a file. Null when there is none. Rejects as readRecord does. */
export async function readPid(path: string): Promise<number | null> {
  const pid = Number((await textOf(path)) ?? '')
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

/** The process that a pid file names, if it runs. Rejects as readRecord does. */
export async function identifyFrom(pidFile: string): Promise<ProcessIdentity | null> {
  const pid = await readPid(pidFile)
  return pid === null ? null : await identify(pid)
}

/** Differs after each boot of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
