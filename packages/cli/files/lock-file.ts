/** A file that only one command has at a time, while it changes another file. */
import { open, stat, unlink } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds between two attempts, and after which a lock was left by a command that has died. */
const pause = 20
const longestHold = 10_000

/** Attempts, for a good while more than others may hold it. */
const mostAttempts = 1500

/** Waits until nobody else has it, and has it until it is disposed of. Rejects with Error when it is not to be had. */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (await create(path)) return { [Symbol.asyncDispose]: () => remove(path) }
    if (await isLeft(path)) await clear(path)
    else await setTimeout(pause)
  }
  throw new Error(`${path} is held by another command: remove it if there is none`)
}

/** Removes what a command has left that has died. One at a time does so, or it would be the lock of a living one. */
async function clear(path: string): Promise<void> {
  const clearing = `${path}.clearing`
  if (!(await create(clearing))) return void (await setTimeout(pause))
  try {
    if (await isLeft(path)) await remove(path)
  } finally {
    await remove(clearing)
  }
}

const isLeft = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > longestHold,
    () => false,
  )

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const remove = (path: string): Promise<void> => unlink(path).catch(() => undefined)
