/** Where a checkpoint is. What is in it decides on nothing but the state of processes: see Starter. */
import { mkdir, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { CheckpointReference } from '../contracts.ts'

/** Checkpoints of a container that were not put elsewhere. */
export function checkpointsOf(containers: string, id: string): string {
  return join(containers, id, 'checkpoints')
}

/** Throws InvalidParameter for a directory that is not absolute. */
export function parentOf(own: string, directory: string | undefined): string {
  if (!directory) return own
  if (isAbsolute(directory)) return directory
  throw new GantryError('InvalidParameter', `the checkpoint directory must be an absolute path: ${directory}`)
}

/** Throws InvalidParameter for an id that is none: it becomes a path (CVE-2026-53492). */
export function pathOf(own: string, { id, directory }: CheckpointReference): string {
  const allowed = '[a-zA-Z0-9][a-zA-Z0-9_.-]'
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(id))
    throw new GantryError('InvalidParameter', `Invalid checkpoint ID (${id}), only ${allowed} are allowed`)
  return join(parentOf(own, directory), id)
}

/** Throws Conflict for one that exists. */
export async function makeNew(path: string, id: string, container: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found) {
    const problem = found.isDirectory()
      ? `checkpoint with name ${id} already exists for container ${container}`
      : `${path} exists and is not a directory`
    throw new GantryError('Conflict', problem)
  }
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** Throws NotFound. */
export async function requireCheckpoint(path: string, id: string, container: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (!found) throw new GantryError('NotFound', `checkpoint ${id} does not exist for container ${container}`)
  if (!found.isDirectory()) throw new GantryError('Conflict', `${path} exists and is not a directory`)
}
