/** Checkpoints: CRIU's images of a container's processes, made and read by the OCI runtime. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import type { OciRuntime, RuntimeProgram } from './oci-runtime.ts'
import { findProgram, versionOf } from './probe/programs.ts'

export interface CheckpointRequest {
  /** Of the container. */
  id: string
  runtime: OciRuntime
  /** Empty; takes the images. */
  directory: string
  /** Takes the logs. */
  work: string
  leaveRunning: boolean
}

/** Rejects with NotImplemented for what is missing, with System for what the OCI runtime and CRIU say. */
export async function makeCheckpoint({ id, runtime, directory, work, leaveRunning }: CheckpointRequest) {
  await requireCriu(runtime.program)
  const options = ['--image-path', directory, '--work-path', work]
  try {
    await runtime.checkpoint(id, leaveRunning ? [...options, '--leave-running'] : options)
  } catch (error) {
    throw new GantryError('System', criuMessage(messageOf(error)), { cause: error })
  }
}

/** Rejects with NotImplemented where CRIU, or the OCI runtime's part in it, is missing. */
export async function requireCriu({ name, kind, path }: RuntimeProgram): Promise<void> {
  if (!(await findProgram('criu'))) {
    const advice = 'install it (Debian package criu)'
    throw new GantryError('NotImplemented', `checkpoints need CRIU, which is not on this host: ${advice}`)
  }
  if (kind !== 'crun' || (await versionOf(path)).text.includes('+CRIU')) return
  const advice = 'run the container with --runtime runc'
  const message = `the OCI runtime ${name} on this host was built without CRIU: ${advice}`
  throw new GantryError('NotImplemented', message)
}

/** Bytes at the end of a log of CRIU's that are looked at. */
const logTail = 64 * 1024

/** Why a restore failed, out of the log that CRIU leaves in the task's directory; null when it does not say. */
export async function restoreFailure(directory: string): Promise<string | null> {
  const log = await readFile(join(directory, 'restore.log'), 'utf8').catch(() => '')
  const errors = [...log.slice(-logTail).matchAll(/ Error \([^)]*\): (.*)$/gm)].map(([, text = '']) =>
    text.trim(),
  )
  return errors.length > 0 ? `criu failed: ${errors.slice(-3).join('; ')}` : null
}

/** What went wrong, out of the log lines that runc writes. */
export function criuMessage(text: string): string {
  const messages = [...text.matchAll(/ msg="((?:[^"\\]|\\.)*)"/g)].map(([, message = '']) =>
    message.replace(/\\n/g, '; ').replace(/\\(.)/g, '$1'),
  )
  return messages.find((message) => message.includes('criu failed')) ?? messages.at(-1) ?? text
}
