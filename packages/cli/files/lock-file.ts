/** A file that only one command has at a time, while it changes another file. It tells who that is. */
import { open, readFile, readlink, stat, unlink, utimes } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds between two attempts. */
const pause = 20

/** Milliseconds: how often whoever has a lock says so, and for how long nobody says so when a command elsewhere has died. */
const beat = 2000
const longestSilence = 20_000

/**
 * Waits until nobody else has it, and has it until it is disposed of. What a command of this machine has left that has died
 * is taken over at once; where nothing can be known of it, once it is silent. Rejects with Error after `patience` milliseconds.
 */
export async function lockFile(path: string, { patience = 30_000 } = {}): Promise<AsyncDisposable> {
  const me = await processName('self')
  const end = Date.now() + patience
  while (Date.now() < end) {
    if (await create(path, me)) return held(path)
    if (await isLeft(path)) await clear(path, me)
    else await setTimeout(pause)
  }
  throw new Error(`${path} is held by another command: remove it if there is none`)
}

function held(path: string): AsyncDisposable {
  const timer = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, beat).unref()
  return {
    [Symbol.asyncDispose]: () => {
      clearInterval(timer)
      return remove(path)
    },
  }
}

/** Removes what a command has left that has died. One at a time does so, or it would be the lock of a living one. */
async function clear(path: string, me: string): Promise<void> {
  const clearing = `${path}.clearing`
  if (!(await create(clearing, me))) {
    if (await isLeft(clearing)) await remove(clearing)
    return void (await setTimeout(pause))
  }
  try {
    if (await isLeft(path)) await remove(path)
  } finally {
    await remove(clearing)
  }
}

async function isLeft(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (!found) return false
  const holder = await readFile(path, 'utf8').catch(() => '')
  const [machine, pid = ''] = holder.split(' ')
  if (machine === (await machineName()) && /^\d+$/.test(pid)) return (await processName(pid)) !== holder
  return Date.now() - found.mtimeMs > longestSilence
}

/** Of a process of this machine, unlike any other's: with the time at which it began. */
async function processName(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Behind the name of the program, which may have anything in it.
  const began = text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return `${await machineName()} ${Number.parseInt(text, 10)} ${began}`
}

/** Of where a pid means the same process: a boot of a machine, and a namespace of it. */
async function machineName(): Promise<string> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  return `${boot.trim()}/${namespace}`
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(content).finally(() => file.close())
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const remove = (path: string): Promise<void> => unlink(path).catch(() => undefined)
