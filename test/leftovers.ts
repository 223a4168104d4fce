/** What the kernel holds of containers on this machine: compared before and after a run, it shows what was left behind. */
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

async function mounts(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return lines(table).map((line) => `mount ${line.split(' ')[4]}`)
}

async function links(): Promise<string[]> {
  return (await readdir('/sys/class/net')).map((name) => `link ${name}`)
}

async function nftables(): Promise<string[]> {
  const { stdout } = await run('nft', ['list', 'tables'])
  return lines(stdout).map((line) => `nftables ${line}`)
}

/** Directories of control groups, in every hierarchy, by a pattern of find(1); others may come and go meanwhile. */
export async function cgroupsLike(pattern: string): Promise<string[]> {
  const directories = ['-ignore_readdir_race', '-type', 'd']
  const { stdout } = await run('find', ['/sys/fs/cgroup', ...directories, '-path', pattern])
  return lines(stdout)
}

async function cgroups(): Promise<string[]> {
  return (await cgroupsLike('*gantry*')).map(
    (path) => `cgroup ${path.replace(/^\/sys\/fs\/cgroup\/[^/]+\//, '')}`,
  )
}

async function processes(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const names = await Promise.all(
    pids.map(async (pid) => {
      const executable = await readlink(`/proc/${pid}/exe`).catch(() => '')
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      const ours =
        /\/(conmon|crun|runc)$/.test(executable) ||
        /packages\/(daemon|network\/forwarder)\/main\.ts/.test(command)
      return ours ? `process ${pid} ${command.replaceAll('\0', ' ').slice(0, 200)}` : ''
    }),
  )
  return names.filter((name) => name !== '')
}

/** Of our own, and those in which clients of the tests keep Dockerfiles. */
async function directories(): Promise<string[]> {
  const found = await readdir('/tmp')
  return found
    .filter((name) => name.startsWith('gantry-e2e-') || /^dockerfile\d+$/.test(name))
    .map((name) => `directory /tmp/${name}`)
}

/**
 * What is made once for the machine, and stays: where ip-netns(8) has its namespaces, and the table that keeps a host from
 * becoming a router when a daemon turns on its forwarding.
 */
const lasting = /^(mount \/run\/netns|nftables table inet gantry-\w+-forwarding)$/

/** A sorted list of everything found, one line a thing. */
export async function snapshot(): Promise<string[]> {
  const found = await Promise.all([mounts(), links(), nftables(), cgroups(), processes(), directories()])
  return [...new Set(found.flat())].filter((line) => !lasting.test(line)).sort()
}

/** What is in `after` and was not in `before`. */
export function leftovers(before: string[], after: string[]): string[] {
  const known = new Set(before)
  return after.filter((line) => !known.has(line))
}
