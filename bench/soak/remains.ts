/** Everything that a daemon could leave behind once its containers are gone, one line a thing. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import type { TestDaemon } from '../../test/e2e/harness.ts'
import { cgroupsLike } from '../../test/leftovers.ts'

const run = promisify(execFile)

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

const entries = async (path: string, what: string): Promise<string[]> =>
  (await readdir(path).catch(() => [])).map((name) => `${what} ${path}/${name}`)

async function mounts({ root }: TestDaemon): Promise<string[]> {
  const table = lines(await readFile('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? '')
  return table.filter((path) => path.startsWith(root)).map((path) => `mount ${path}`)
}

/** Links of containers on the daemon's bridge. */
async function links({ bridge }: TestDaemon): Promise<string[]> {
  return (await readdir(`/sys/class/net/${bridge}/brif`).catch(() => [])).map((name) => `link ${name}`)
}

interface NftObject {
  set?: { name: string; elem?: unknown[] }
  map?: { name: string; elem?: unknown[] }
}

/** Elements of sets and maps that belong to containers: those of the network itself name its bridge or its prefix. */
async function nftables({ kernelName, bridge }: TestDaemon): Promise<string[]> {
  const args = ['-j', 'list', 'table', 'inet', kernelName]
  const { stdout } = await run('nft', args).catch(() => ({ stdout: '{"nftables":[]}' }))
  const { nftables: objects } = JSON.parse(stdout) as { nftables: NftObject[] }
  return objects.flatMap(({ set, map }) => {
    const { name = '', elem = [] } = set ?? map ?? {}
    const found = elem.map((element) => JSON.stringify(element))
    return found
      .filter((text) => !text.includes(bridge) && !text.includes('prefix'))
      .map((text) => `nftables ${name} ${text}`)
  })
}

async function cgroups({ kernelName }: TestDaemon): Promise<string[]> {
  return (await cgroupsLike(`*/${kernelName}/*`))
    .filter((path) => !path.endsWith('/monitors'))
    .map((path) => `cgroup ${path}`)
}

async function processes({ root, pid }: TestDaemon): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (id) => {
      const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
      const ours = command.includes(root) && Number(id) !== pid && Number(id) !== process.pid
      return ours ? `process ${id} ${command.replaceAll('\0', ' ').slice(0, 300)}` : ''
    }),
  )
  return found.filter((line) => line !== '')
}

/** Rows of tables that belong to containers. */
function rows({ root }: TestDaemon): string[] {
  const database = new DatabaseSync(`${root}/data/gantry.db`, { readOnly: true })
  try {
    return ['containers', 'execs', 'endpoints', 'sandboxes'].flatMap((table) =>
      database
        .prepare(`SELECT key, value FROM ${table}`)
        .all()
        .map(({ key, value }) => `row ${table} ${key} ${String(value).slice(0, 200)}`),
    )
  } finally {
    database.close()
  }
}

/** What is there now. Execs of containers that are gone are dropped with them, so nothing at all should be. */
export async function remains(daemon: TestDaemon): Promise<string[]> {
  const { root } = daemon
  const found = await Promise.all([
    mounts(daemon),
    links(daemon),
    nftables(daemon),
    cgroups(daemon),
    processes(daemon),
    entries(`${root}/data/containers`, 'directory'),
    entries(`${root}/data/volumes`, 'directory'),
    ...['tasks', 'exits', 'netns', 'shm', 'views', 'oci/crun', 'oci/runc'].map((name) =>
      entries(`${root}/exec/${name}`, 'directory'),
    ),
  ])
  return [...found.flat(), ...rows(daemon)].sort()
}

/** Open descriptors and resident bytes of the daemon. */
export async function weight({ pid }: TestDaemon): Promise<{ descriptors: number; resident: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const resident = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
  return { descriptors: (await readdir(`/proc/${pid}/fd`)).length, resident }
}
