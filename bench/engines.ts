/** The two engines under measurement, each in a network namespace, data root and cgroup of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyboxRootfs } from '../test/e2e/images.ts'

const repository = new URL('..', import.meta.url).pathname

export interface Engine {
  readonly name: 'docker' | 'gantry'
  /** A directory of its own, on the disk that its data lies on. */
  readonly root: string
  /** The command a user types, with the option that names this engine's socket. */
  readonly command: string[]
  /** One API call over a kept-alive connection; the parsed answer. */
  api(method: string, path: string, body?: unknown): Promise<unknown>
  /** Pids of the daemon's own processes: dockerd and containerd, or gantryd. */
  daemonPids(): Promise<number[]>
  /** Pids of the per-container monitors: containerd-shim or conmon. */
  monitorPids(): Promise<number[]>
  /** What runs a program on this engine's loopback: a command and its options, to be put before the program. */
  readonly inside: string[]
  /** What the daemon has logged. */
  log(): string
  stop(): Promise<void>
}

interface Recipe {
  name: Engine['name']
  /** The daemon's command line; `root` is a directory of its own. */
  daemon(root: string): string[]
  command(socket: string): string[]
  /** Executables of the daemon's own processes and of the monitors. */
  daemonNames: string[]
  monitorNames: string[]
}

const recipes: Record<Engine['name'], Recipe> = {
  docker: {
    name: 'docker',
    daemon: (root) => [
      ...[
        'dockerd',
        '-H',
        `unix://${root}/sock`,
        '--data-root',
        `${root}/data`,
        '--exec-root',
        `${root}/exec`,
      ],
      ...['--pidfile', `${root}/pid`],
    ],
    command: (socket) => ['docker', '-H', `unix://${socket}`],
    daemonNames: ['dockerd', 'containerd'],
    monitorNames: ['containerd-shim', 'containerd-shim-runc-v2'],
  },
  gantry: {
    name: 'gantry',
    daemon: (root) => [
      ...[`${repository}scripts/gantryd`, '-H', `unix://${root}/sock`],
      ...['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`],
      ...['--config-file', `${root}/daemon.json`],
    ],
    command: (socket) => [`${repository}dist/gantry`, '-H', `unix://${socket}`],
    daemonNames: ['node'],
    monitorNames: ['conmon'],
  },
}

/** All running processes: pid, parent, and the file name of the executable. */
async function processTable(): Promise<{ pid: number; name: string; command: string }[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const rows = await Promise.all(
    pids.map(async (pid) => {
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return { pid: Number(pid), name: command[0]?.split('/').at(-1) ?? '', command: command.join(' ') }
    }),
  )
  return rows.filter((row) => row.name !== '')
}

/** Starts an engine with `busybox` imported, ready for work. */
export async function startEngine(name: Engine['name'], flags: string[] = []): Promise<Engine> {
  const recipe = recipes[name]
  const root = await mkdtemp(join(tmpdir(), `gantry-bench-${name}-`))
  await mkdir(`${root}/data`)
  await writeFile(`${root}/daemon.json`, '{}')
  const script = 'ip link set lo up; exec "$@"'
  const daemon = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', ...recipe.daemon(root), ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const agent = new Agent({ keepAlive: true })
  const api = (method: string, path: string, body?: unknown) =>
    call(`${root}/sock`, agent, method, path, body)
  let log = ''
  daemon.stderr.on('data', (text) => {
    log = (log + text).slice(-1_000_000)
  })
  await ready(
    daemon,
    () => log,
    () => api('GET', '/_ping'),
  )
  await api('POST', '/images/create?fromSrc=-&repo=busybox&tag=latest', await busyboxRootfs())
  const ours = async (names: string[]) =>
    (await processTable())
      .filter((row) => names.includes(row.name) && row.command.includes(root))
      .map((row) => row.pid)
  return {
    name,
    root,
    command: recipe.command(`${root}/sock`),
    api,
    daemonPids: () => ours(recipe.daemonNames),
    monitorPids: () => ours(recipe.monitorNames),
    inside: ['nsenter', `--net=/proc/${daemon.pid}/ns/net`],
    log: () => log,
    stop: async () => {
      // A case that was interrupted leaves containers, and Gantry's outlive their daemon.
      await removeContainers(api)
      agent.destroy()
      daemon.kill('SIGTERM')
      await once(daemon, 'exit')
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function removeContainers(api: Engine['api']): Promise<void> {
  const containers = (await api('GET', '/containers/json?all=1').catch(() => [])) as { Id: string }[]
  await Promise.allSettled([...containers].map(({ Id }) => api('DELETE', `/containers/${Id}?force=1&v=1`)))
}

async function ready(daemon: ChildProcess, log: () => string, ping: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended: ${log()}`)
    if (await ping().catch(() => null)) return
    await sleep(50)
  }
  throw new Error(`the daemon does not answer: ${log()}`)
}

function call(
  socketPath: string,
  agent: Agent,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const payload = Buffer.isBuffer(body) ? body : body === undefined ? null : Buffer.from(JSON.stringify(body))
  const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json'
  const headers = payload ? { 'Content-Type': type, 'Content-Length': payload.length } : {}
  const outgoing = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      if ((response.statusCode ?? 500) >= 400)
        reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
      else
        resolve(response.headers['content-type']?.includes('json') && /^[[{]/.test(text) ? parse(text) : text)
    })
  })
  outgoing.on('error', reject)
  outgoing.end(payload)
  return promise
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // a stream of several JSON values
  }
}

/** Runs a command to its end, its output thrown away; rejects when it fails. */
export async function execute(argv: string[]): Promise<void> {
  await lastWords(argv)
}

/** Runs a command to its end; resolves to the end of its output, rejects with that of its complaints when it fails. */
async function lastWords(argv: string[]): Promise<string> {
  const [file = '', ...args] = argv
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  })
  const said = ['', '']
  for (const [index, stream] of [child.stdout, child.stderr].entries())
    stream.on('data', (text) => {
      said[index] = (said[index] + text).slice(-10_000)
    })
  const [code] = await once(child, 'close')
  const [output = '', complaint] = said
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${complaint}`)
  return output
}

const stopwatch = 'start=$EPOCHREALTIME; "$@" >/dev/null; code=$?; echo "$start $EPOCHREALTIME"; exit $code'

/**
 * How long a command takes, in milliseconds, to the shell that starts it: Node.js takes some of its own to start a process,
 * and to hear of its end. Rejects when the command fails.
 */
export async function timeOf(argv: string[]): Promise<number> {
  const words = (await lastWords(['bash', '-c', stopwatch, 'bash', ...argv])).trim().split(' ')
  const [start = Number.NaN, end = Number.NaN] = words.map(
    (seconds) => Number(seconds.replace(',', '.')) * 1000,
  )
  return end - start
}

/** Milliseconds of processor time that the whole machine spends while the work is done. */
export async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = await busyTime()
  await work()
  return (await busyTime()) - before
}

/** Milliseconds for which the processors were not idle since the machine started (proc_stat(5), in 1/100 s). */
async function busyTime(): Promise<number> {
  const line = (await readFile('/proc/stat', 'utf8')).split('\n')[0] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/ +/).slice(1).map(Number)
  return (user + nice + system + irq + softirq) * 10
}

/** Proportional set size of a process in bytes: its own memory plus its share of what it shares. */
export async function memoryOf(pids: number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      return Number(rollup.match(/^Pss:\s+(\d+) kB/m)?.[1] ?? 0) * 1024
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
