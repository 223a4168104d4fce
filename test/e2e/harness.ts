/**
 * A real daemon of a test's own: its own data root, sockets, bridge and addresses, so that test files run side by side.
 * It is stopped, its containers removed and its directories deleted when the test ends, also when it fails.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { after, before, type TestContext } from 'node:test'
import Docker from 'dockerode'
import { until } from '../until.ts'
import { busyboxRootfs } from './images.ts'
import { endOfTest, recorderEnvironment } from './recording.ts'

export { until } from '../until.ts'

export const repository = new URL('../..', import.meta.url).pathname
/** Milliseconds after which a daemon that does not answer, or does not end, is taken for stuck. */
const patience = 120_000
const gantryd = `${repository}scripts/gantryd`
export const gantryBinary = process.env.GANTRY_BINARY ?? `${repository}dist/gantry`

export interface CommandResult {
  stdout: string
  stderr: string
  exitCode: number
}

export interface CommandOptions {
  input?: string | Buffer
  cwd?: string
  env?: Record<string, string>
  /** Milliseconds until the command is killed. */
  timeout?: number
}

/** Runs a command to its end. Never rejects for an exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>()
  const child = execFile(
    command,
    args,
    {
      cwd: options.cwd ?? '/',
      env: { ...process.env, ...options.env },
      timeout: options.timeout ?? 120_000,
      killSignal: 'SIGKILL',
      maxBuffer: 256 << 20,
    },
    (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ stdout, stderr, exitCode })
    },
  )
  child.stdin?.on('error', () => undefined) // a command that ends early closes its stdin
  child.stdin?.end(options.input ?? '')
  return promise
}

export interface DaemonOptions {
  /** Further flags for gantryd. */
  flags?: string[]
  env?: Record<string, string>
  /** Whether the daemon can be made to fail or die at a step, by `arm`. */
  faults?: boolean
}

export class TestDaemon {
  readonly root: string
  readonly socket: string
  readonly host: string
  readonly dockerode: Docker
  /** For what answers soon if at all. */
  readonly #impatient: Docker
  /** The default bridge. */
  readonly bridge: string
  /** What this daemon's nftables table and its parent of cgroups are called. */
  readonly kernelName: string
  readonly #flags: string[]
  readonly #env: Record<string, string>
  #process: ChildProcess | null = null
  #log = ''

  constructor(root: string, index: number, options: DaemonOptions) {
    this.root = root
    this.socket = `${root}/gantry.sock`
    this.host = `unix://${this.socket}`
    this.dockerode = new Docker({ socketPath: this.socket })
    this.#impatient = new Docker({ socketPath: this.socket, timeout: patience })
    this.bridge = `gte${index}`
    const hash = createHash('sha256').update(`${root}/data`).digest('hex').slice(0, 8)
    this.kernelName = `gantry-${hash}`
    this.#env = { ...(options.faults && { GANTRY_FAULT: `@${root}/fault` }), ...options.env }
    this.#flags = [
      ...['-H', this.host, '--data-root', `${root}/data`, '--exec-root', `${root}/exec`],
      ...['--pidfile', `${root}/pid`, '--config-file', `${root}/daemon.json`, '--bridge', this.bridge],
      ...['--bip', `10.${200 + (index >> 8)}.${index & 255}.1/24`],
      ...['--default-address-pool', `base=10.${210 + (index >> 8)}.${index & 255}.0/24,size=28`],
      ...(options.flags ?? []),
    ]
  }

  /** Starts gantryd (again) and waits until it answers. `env` is for this start only, e.g. a fault point. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const child = spawn(gantryd, this.#flags, {
      env: { ...process.env, ...recorderEnvironment(), ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    child.stdout.on('data', (text) => this.#record(text))
    child.stderr.on('data', (text) => this.#record(text))
    try {
      await until('the daemon', () => this.#answersOrEnded(child), 120)
    } catch (error) {
      await this.#end('SIGKILL') // nothing may outlive the test
      throw error
    }
  }

  #answersOrEnded(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`gantryd ended:\n${this.#log}`)
    return this.answers()
  }

  #record(text: Buffer): void {
    this.#log = (this.#log + text.toString()).slice(-200_000)
  }

  async answers(): Promise<boolean> {
    if (!(await stat(this.socket).catch(() => null))) return false
    return this.#impatient.ping().then(
      () => true,
      () => false,
    )
  }

  /** Everything the daemon has logged. */
  get log(): string {
    return this.#log
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** From now on a step that comes to the point kills the daemon or fails; null: none. For a daemon with `faults`. */
  async arm(fault: `${string}:crash` | `${string}:fail` | null): Promise<void> {
    await writeFile(`${this.root}/fault.new`, fault ?? '')
    await rename(`${this.root}/fault.new`, `${this.root}/fault`)
  }

  /** Whether there is a process. */
  get runs(): boolean {
    const child = this.#process
    return child !== null && child.exitCode === null && child.signalCode === null
  }

  /** Resolves when the process has ended, e.g. at a fault point. */
  async ended(): Promise<void> {
    await until('the end of the daemon', () => !this.runs, 120)
  }

  /** Ends the process; one that does not end by itself is killed, and that is an error. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    if (!child || !this.runs) return
    child.kill(signal)
    await until('the daemon to end', () => !this.runs, patience / 1000).catch((error) => {
      child.kill('SIGKILL')
      throw new Error(`gantryd did not end:\n${this.#log.slice(-2000)}`, { cause: error })
    })
  }

  /** `kill -9`, as a crash. */
  kill9(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** A clean stop; containers run on. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Gantry's own command against this daemon. */
  gantry(args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run(gantryBinary, ['-H', this.host, ...args], options)
  }

  /** Docker's own command against this daemon. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return run('docker', ['-H', this.host, ...args], options)
  }

  /** One HTTP exchange, parsed as JSON where it is. */
  async api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const result = await run('curl', [
      ...['-s', '--unix-socket', this.socket, '-X', method, '-w', '\n%{http_code}'],
      ...(body === undefined ? [] : ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)]),
      `http://gantry${path}`,
    ])
    const end = result.stdout.lastIndexOf('\n')
    const text = result.stdout.slice(0, end)
    let parsed: unknown = text
    try {
      parsed = JSON.parse(text)
    } catch {
      // not JSON: the text is the body
    }
    return { status: Number(result.stdout.slice(end + 1)), body: parsed }
  }

  /** `busybox:latest`, made from the machine's static busybox. */
  async importBusybox(): Promise<void> {
    const input = await busyboxRootfs()
    const result = await this.docker(['import', '--change', 'CMD ["sh"]', '-', 'busybox:latest'], { input })
    if (result.exitCode !== 0) throw new Error(`import failed: ${result.stderr}\n${this.#log}`)
  }

  /** Removes every container and network, stops the daemon and deletes its directories. */
  async dispose(): Promise<void> {
    endOfTest()
    await this.arm(null)
    if (!(await this.answers())) await this.start({ GANTRY_FAULT: '' }).catch(() => undefined)
    const containers = await this.#impatient.listContainers({ all: true }).catch(() => [])
    await Promise.all(
      containers.map(({ Id }) =>
        this.#impatient
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch((error) => this.#record(Buffer.from(String(error)))),
      ),
    )
    await this.#impatient.pruneNetworks().catch(() => undefined)
    await this.stop().finally(() => this.#removeHostObjects())
    await rm(this.root, { recursive: true, force: true })
  }

  /** Bridge, nftables table and cgroup parent outlive a daemon, as they must; a test's daemon is never coming back. */
  async #removeHostObjects(): Promise<void> {
    await run('ip', ['link', 'delete', this.bridge])
    await run('nft', ['delete', 'table', 'inet', this.kernelName])
    const hierarchies = ['', ...(await readdir('/sys/fs/cgroup'))]
    await Promise.all(
      hierarchies.map((name) => rmdir(`/sys/fs/cgroup/${name}/${this.kernelName}`).catch(() => undefined)),
    )
  }
}

/** A running daemon for this test, disposed of when it ends. With `busybox: false` its image store is empty. */
export async function startDaemon(
  t: Pick<TestContext, 'after'>,
  options: DaemonOptions & { busybox?: boolean } = {},
): Promise<TestDaemon> {
  const root = await mkdtemp('/tmp/gantry-e2e-')
  await writeFile(`${root}/daemon.json`, '{}')
  const { index, claim } = await claimIndex()
  const daemon = new TestDaemon(root, index, options)
  t.after(async () => {
    await daemon.dispose()
    await rmdir(claim)
  })
  await daemon.start()
  if (options.busybox !== false) await daemon.importBusybox()
  return daemon
}

/** One running daemon for all tests of the suite in which this is called, to be asked for once they run. */
export function suiteDaemon(options: DaemonOptions & { busybox?: boolean } = {}): () => TestDaemon {
  const cleanUp: (() => unknown)[] = []
  let daemon: TestDaemon | null = null
  before(async () => {
    daemon = await startDaemon({ after: (hook) => cleanUp.push(hook as () => unknown) }, options)
  })
  // A hook registered inside `before` would run right after it.
  after(async () => {
    for (const hook of cleanUp) await hook()
  })
  return () => {
    if (!daemon) throw new Error('the daemon of the suite has not been started yet')
    return daemon
  }
}

/** Claims a number that no other test daemon of this machine has, also one of another process; the returned directory frees it. */
async function claimIndex(): Promise<{ index: number; claim: string }> {
  for (let index = process.pid % 2048; ; index = (index + 1) % 2048) {
    const claim = `/tmp/gantry-e2e-index-${index}`
    const claimed = await mkdir(claim).then(
      () => true,
      () => false,
    )
    if (claimed) return { index, claim }
  }
}
