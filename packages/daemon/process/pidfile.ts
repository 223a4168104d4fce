import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GantryError } from '@gantry/errors'

/**
 * Writes this process's number to `path`; disposing removes it. A number left behind by a process that is gone, or
 * that is something else by now, is replaced. Throws Conflict when a daemon of that number runs.
 */
export async function writePidfile(path: string): Promise<AsyncDisposable> {
  const earlier = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10)
  if (earlier > 0 && earlier !== process.pid && (await isDaemon(earlier))) {
    const problem = `process with PID ${earlier} is still running: is another daemon using the pid file ${path}?`
    throw new GantryError('Conflict', problem)
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(path, `${process.pid}\n`, { mode: 0o644 })
  return {
    async [Symbol.asyncDispose]() {
      const now = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10)
      if (now === process.pid) await rm(path, { force: true })
    },
  }
}

/** Numbers are reused: only a process that runs the daemon's program counts, not the command of nearly the same name. */
async function isDaemon(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.split('\0').some((word) => /(^|\/)(gantryd|daemon\/main\.ts)$/.test(word))
}
