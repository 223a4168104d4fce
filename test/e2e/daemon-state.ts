/** Everything one daemon has in the kernel, on disk and in its database: compared, it shows what an operation left behind. */
import { readdir, readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { run, type TestDaemon, until } from './harness.ts'

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

async function mounts({ root }: TestDaemon): Promise<string[]> {
  const table = lines(await readFile('/proc/self/mountinfo', 'utf8'))
  return table.filter((line) => line.includes(root)).map((line) => `mount ${line.split(' ')[4]}`)
}

async function links({ bridge }: TestDaemon): Promise<string[]> {
  const { stdout } = await run('ip', ['-o', 'link', 'show', 'master', bridge])
  return lines(stdout).map((line) => `link ${line.split(' ')[1]?.split('@')[0]}`)
}

async function nftables({ kernelName }: TestDaemon): Promise<string[]> {
  const { stdout } = await run('nft', ['list', 'table', 'inet', kernelName])
  return lines(stdout).map((line) => `nftables ${line.trim()}`)
}

/** Those below the daemon's parent, in each hierarchy. */
async function cgroups({ kernelName }: TestDaemon): Promise<string[]> {
  const hierarchies = ['.', ...(await readdir('/sys/fs/cgroup'))]
  const found = hierarchies.map(async (hierarchy) => {
    const parent = `/sys/fs/cgroup/${hierarchy}/${kernelName}`
    const below = await readdir(parent, { withFileTypes: true }).catch(() => [])
    return below.filter((entry) => entry.isDirectory()).map(({ name }) => `cgroup ${parent}/${name}`)
  })
  return (await Promise.all(found)).flat()
}

async function processes({ root, pid }: TestDaemon): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(pid))
  const commands = pids.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => ''))
  return (await Promise.all(commands))
    .filter((command) => command.includes(`${root}/exec`))
    .map((command) => `process ${command.replaceAll('\0', ' ')}`)
}

/** The directories with an entry a container, a volume or an unfinished piece of work. */
const directories = [
  ...['data/containers', 'data/volumes', 'data/layers', 'data/layers/tmp', 'data/content/uploads'],
  ...['exec/tasks', 'exec/exits', 'exec/netns', 'exec/oci/crun', 'exec/oci/runc', 'exec/views'],
]

async function entries({ root }: TestDaemon): Promise<string[]> {
  const found = directories.map(async (directory) => {
    const names = await readdir(`${root}/${directory}`).catch(() => []) // some are made when they are first needed
    return names.map((name) => `entry ${directory}/${name}`)
  })
  return (await Promise.all(found)).flat()
}

/** Of what is over: events, and what images were in the course of builds, of which a number is kept. */
const ofThePast = "('events', 'intermediate_images')"

/** One line a row of any other table. */
function rows({ root }: TestDaemon): string[] {
  using database = new DatabaseSync(`${root}/data/gantry.db`, { readOnly: true })
  const tables = database.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ${ofThePast}`,
  )
  return tables.all().flatMap(({ name }) =>
    database
      .prepare(`SELECT * FROM "${name}"`)
      .all()
      .map((row) => `row ${name} ${Object.values(row)[0]}`),
  )
}

/** All that is there, one line a thing. */
export async function daemonState(daemon: TestDaemon): Promise<string[]> {
  const found = await Promise.all([
    ...[mounts(daemon), links(daemon), nftables(daemon), cgroups(daemon), processes(daemon), entries(daemon)],
    rows(daemon),
  ])
  return found.flat()
}

/** Does something, after which the daemon must have nothing that it had not before: at once, but for what the kernel defers. */
export async function leavesNothing(daemon: TestDaemon, action: () => Promise<unknown>): Promise<void> {
  const before = new Set(await daemonState(daemon))
  await action()
  let left: string[] = []
  await until('nothing to be left', async () => {
    left = (await daemonState(daemon)).filter((line) => !before.has(line))
    return left.length === 0
  }).catch((error) => {
    throw new Error(`left behind:\n${left.join('\n')}`, { cause: error })
  })
}
