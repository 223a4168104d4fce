/** Real containers for tests: a busybox root, a runtime of its own directory and cgroup, and a check that nothing is left. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { Cgroup, cgroupLayout } from '@gantry/syscall'
import type { Attachment, OutputFrame, StdioOptions, Task } from './contracts.ts'
import type { OciProcess, OciSpec } from './oci-spec.ts'
import { findProgram } from './probe/programs.ts'
import { type ConmonRuntime, createRuntime } from './runtime.ts'

const applets = [
  'sh',
  'cat',
  'echo',
  'sleep',
  'true',
  'ls',
  'id',
  'head',
  'yes',
  'stty',
  'tty',
  'seq',
  'dd',
  'tail',
  'wc',
]

export interface BenchOptions {
  /** Directory to work in; one in the temporary directory otherwise. */
  directory?: string
  program?: 'crun' | 'runc'
}

/** Makes everything; when the test ends, fails it if anything is left, and cleans up. */
export async function makeBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'gantry-runtime-')))
  const bench = new Bench(directory, options.program ?? 'crun')
  await bench.open()
  t.after(() => bench.close())
  return bench
}

export class Bench {
  readonly directory: string
  readonly program: 'crun' | 'runc'
  readonly cgroupParent: string
  readonly #cgroups = cgroupLayout()
  #runtime: ConmonRuntime | null = null

  constructor(directory: string, program: 'crun' | 'runc') {
    this.directory = directory
    this.program = program
    this.cgroupParent = `/${basename(directory)}`
  }

  get runtime(): ConmonRuntime {
    assert.ok(this.#runtime)
    return this.#runtime
  }

  async open(): Promise<void> {
    await makeRoot(join(this.directory, 'root'))
    await this.restart()
  }

  /** A new runtime over the same directory, as after a restart of the daemon. */
  async restart(): Promise<void> {
    this.#runtime?.[Symbol.dispose]()
    const names = ['crun', 'runc'] as const
    const programs = await Promise.all(
      names.map(async (name) => ({ name, path: (await findProgram(name)) ?? '', kind: name, version: '' })),
    )
    this.#runtime = await createRuntime({
      execRoot: join(this.directory, 'exec'),
      conmon: (await findProgram('conmon')) ?? '',
      programs,
      cgroups: this.#cgroups,
      cgroupParent: this.cgroupParent,
    })
  }

  async create(
    args: string[],
    stdio: Partial<StdioOptions> = {},
    change?: (spec: OciSpec) => void,
  ): Promise<Task> {
    const id = randomBytes(32).toString('hex')
    const files = join(this.directory, 'containers', id)
    await Promise.all(['upper', 'work'].map((name) => mkdir(join(files, name), { recursive: true })))
    const spec = testSpec(args, join(this.cgroupParent, id))
    change?.(spec)
    return await this.runtime.create({
      id,
      runtime: this.program,
      spec,
      rootfs: {
        lower: [join(this.directory, 'root')],
        upper: join(files, 'upper'),
        work: join(files, 'work'),
      },
      stdio: { terminal: false, stdin: 'none', logPath: join(files, 'log'), ...stdio },
    })
  }

  async log(task: Task): Promise<string> {
    return await readFile(join(this.directory, 'containers', task.id, 'log'), 'utf8')
  }

  bundle(task: Task): string {
    return join(this.directory, 'exec', 'tasks', task.id)
  }

  /** Starts, waits for the end, removes; the exit code. */
  async finish(task: Task): Promise<number> {
    await task.start()
    const { exitCode } = await task.exit
    await task.delete()
    return exitCode
  }

  async assertNothingLeft(): Promise<void> {
    assert.deepEqual(await this.runtime.leftovers(), [])
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    assert.ok(!mounts.includes(this.directory), 'mounts are left')
    for (const name of await readdir(join(this.directory, 'exec', 'oci'))) {
      assert.deepEqual(await readdir(join(this.directory, 'exec', 'oci', name)), [])
    }
    assert.deepEqual(await processesNaming(this.directory), [])
  }

  async close(): Promise<void> {
    try {
      await this.assertNothingLeft()
    } finally {
      for (const id of await this.runtime.leftovers()) await this.runtime.purge(id)
      this.runtime[Symbol.dispose]()
      await new Cgroup(this.#cgroups, this.cgroupParent).remove()
      await rm(this.directory, { recursive: true })
    }
  }
}

/** Pids whose command line names a path; conmon ends a moment after it has recorded the exit. */
async function processesNaming(path: string): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    const lines = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    )
    const found = lines.filter((line) => line.includes('conmon') && line.includes(path))
    if (found.length === 0 || attempt === 3000) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function makeRoot(root: string): Promise<void> {
  await mkdir(join(root, 'bin'), { recursive: true })
  await mkdir(join(root, 'etc'))
  await copyFile((await findProgram('busybox')) ?? '', join(root, 'bin', 'busybox'))
  await Promise.all(applets.map((name) => symlink('busybox', join(root, 'bin', name))))
  await writeFile(join(root, 'etc', 'plain'), '')
}

/** A process of root in the image, without a terminal, with the few capabilities that the tests need. */
export function testProcess(args: string[]): OciProcess {
  const capabilities = ['CAP_KILL', 'CAP_SETUID', 'CAP_SETGID', 'CAP_DAC_OVERRIDE']
  return {
    user: { uid: 0, gid: 0 },
    args,
    env: ['PATH=/bin', 'TERM=xterm'],
    cwd: '/',
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
  }
}

function testSpec(args: string[], cgroupsPath: string): OciSpec {
  return {
    ociVersion: '1.0.2',
    hostname: 'box',
    process: testProcess(args),
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
    ],
    linux: {
      cgroupsPath,
      namespaces: ['mount', 'pid', 'ipc', 'uts', 'network'].map((type) => ({ type })),
      resources: {},
    },
  }
}

/** A container id: 64 hexadecimal digits at random. */
export const newId = () => randomBytes(32).toString('hex')

/** Everything that comes, by stream. */
export async function collect(attachment: Attachment): Promise<{ stdout: string; stderr: string }> {
  const result = { stdout: '', stderr: '' }
  for await (const { stream, data } of attachment.output as AsyncIterable<OutputFrame>) result[stream] += data
  return result
}
