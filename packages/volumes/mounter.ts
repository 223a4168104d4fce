import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { getSystemErrorMessage } from 'node:util'
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { MountArguments } from './mount-options.ts'

/** What the mount worker is told: to mount, or (without arguments) to unmount. */
export interface MountTask {
  target: string
  arguments: MountArguments | null
}

/** What the mount worker answers: the positive errno of the call that failed, or null. */
export type MountAnswer = number | null

/** Mounts at an absolute path. Rejects with System, in Docker's words. */
export async function mountAt(target: string, wanted: MountArguments): Promise<void> {
  const resolved = await withServerAddress(wanted)
  const errno = await inWorker({ target, arguments: resolved })
  if (errno !== null) throw new GantryError('System', mountFailure(target, resolved, errno))
}

/** Unmounts what is mounted there. Rejects with System. */
export async function unmountAt(target: string): Promise<void> {
  const errno = await inWorker({ target, arguments: null })
  if (errno !== null)
    throw new GantryError(
      'System',
      `error while unmounting volume '${target}': ${getSystemErrorMessage(-errno)}`,
    )
}

/** Mount points at or below an absolute path, deepest last, as the kernel lists them. */
export async function mountsBelow(directory: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trimEnd().split('\n')
  return lines
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
}

/** mountinfo writes blanks, tabs, newlines and backslashes as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** mount(2) of a network file system may take its time, so it runs in a worker thread. */
async function inWorker(task: MountTask): Promise<MountAnswer> {
  const worker = new Worker(new URL('./mount-worker.ts', import.meta.url), { workerData: task })
  const { promise, resolve, reject } = Promise.withResolvers<MountAnswer>()
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', (code) => reject(new Error(`mount worker exited with ${code}`)))
  return await promise
}

/** The kernel wants the server of a network file system as an address; people write `addr=<name>`. */
async function withServerAddress(wanted: MountArguments): Promise<MountArguments> {
  if (!/^(nfs4?|cifs|smb3)$/.test(wanted.type)) return wanted
  const name = /(?:^|,)addr=([^,]*)/.exec(wanted.data)?.[1]
  if (!name) return wanted
  try {
    const { address } = await lookup(name)
    return { ...wanted, data: wanted.data.replace(/(^|,)addr=[^,]*/, `$1addr=${address}`) }
  } catch (cause) {
    throw new GantryError('System', `error resolving passed in network volume address: lookup ${name}`, {
      cause,
    })
  }
}

function mountFailure(
  target: string,
  { device, flags, propagation, data }: MountArguments,
  errno: number,
): string {
  const details = [
    `${device}:${target}`,
    ...(flags | propagation ? [`flags: 0x${(flags | propagation).toString(16)}`] : []),
    ...(data ? [`data: ${data}`] : []),
  ]
  return `error while mounting volume '${target}': failed to mount local volume: mount ${details.join(', ')}: ${getSystemErrorMessage(-errno)}`
}
