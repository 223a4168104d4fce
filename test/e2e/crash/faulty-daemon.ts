/** A daemon that is killed at step after step of its work, always over the same directories. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { okBy } from '../commands.ts'
import { suiteDaemon, type TestDaemon, until } from '../harness.ts'

/** One for a whole suite, with `busybox`. */
export const faultyDaemon = (flags: string[] = []) => suiteDaemon({ faults: true, flags })

/** A command's output. Fails unless it exits with 0. */
export const ok = (daemon: TestDaemon, ...args: string[]) =>
  okBy(
    (words) => daemon.gantry(words),
    () => daemon.log,
  )(...args)

/** Runs commands, one after the other, until one of them meets the point and the daemon dies; then starts the next. */
export async function crashAt(
  daemon: TestDaemon,
  point: string,
  commands: readonly (readonly string[])[],
): Promise<void> {
  await daemon.arm(`${point}:crash`)
  // Clients that would wait for the next daemon are told not to.
  const env = { GANTRY_RECONNECT: '0' }
  for (const command of commands) if (daemon.runs) await daemon.gantry(command, { env })
  await daemon.ended()
  await daemon.arm(null)
  await daemon.start()
}

/** What is there of containers: directories, mounts, network namespaces, cgroups, processes. */
export async function remains(daemon: TestDaemon): Promise<string[]> {
  const { root } = daemon
  const found = await Promise.all([
    ...['data/containers', 'exec/netns', 'exec/tasks', 'exec/exits', 'exec/views'].map((name) =>
      list(`${root}/${name}`),
    ),
    mountsBelow(root),
    cgroups(daemon.kernelName),
    monitors(root),
  ])
  return found.flat()
}

/** Waits until nothing of any container is left; fails with the list of what is. */
export async function nothingRemains(daemon: TestDaemon): Promise<void> {
  let last: string[] = []
  await until('nothing left', async () => {
    last = await remains(daemon)
    return last.length === 0
  }).catch((error) => assert.deepEqual(last, [], String(error)))
}

/** The paths of what a directory holds; none when it is not there. */
export async function list(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).map((name) => `${path}/${name}`)
}

async function mountsBelow(root: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const points = table.split('\n').map((line) => line.split(' ')[4] ?? '')
  return points.filter((point) => point.startsWith(`${root}/`)).map((point) => `mount ${point}`)
}

async function cgroups(parent: string): Promise<string[]> {
  const trees = ['', ...(await readdir('/sys/fs/cgroup'))]
  const found = await Promise.all(
    trees.map(async (tree) => {
      const directory = `/sys/fs/cgroup/${tree}/${parent}`
      const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
      const groups = entries.filter((entry) => entry.isDirectory() && entry.name !== 'monitors')
      return groups.map(({ name }) => `cgroup ${directory}/${name}`)
    }),
  )
  return found.flat()
}

async function monitors(root: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return lines
    .filter((line) => /^[^\0]*conmon\0/.test(line) && line.includes(`${root}/`))
    .map((line) => line.replaceAll('\0', ' ').slice(0, 300))
}
